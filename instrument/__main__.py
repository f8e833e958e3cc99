"""`python -m instrument` is `ghostnote`: what `torchrun -m` starts on each host."""

from instrument.cli import main

main()
