"""A stranger's net is first run in a process that can be stopped.

`inspect_model` lets through only what can't loop or read files; how much memory and time a net takes, only a run shows.
The child has a bound on both. A net that passed is remembered by its hash in the cache folder, so that a preset is
tried once.

The child reads a line of JSON, the contract, and then the file from stdin; it answers on stdout with a line "ready" and
a line "ok", or what is wrong. An encoder's contract is told by the `model` within it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np

from instrument.core.manifest import EncoderContract, ModelContract
from instrument.errors import DataError, ModelError
from instrument.files import write_atomic
from instrument.text import printable

TIMEOUT_S = 5.0
MOST_MEMORY = 1536 * 2**20
"""Address space of the child; with ONNX Runtime and numpy loaded it is a sixth of this."""

RUNS = 3
READY = b"ready\n"
GOOD = b"ok"


def probe(data: bytes, contract: ModelContract | EncoderContract, cache: Path | None) -> None:
    """Raises ModelError where the net can't be loaded and run within the bounds. `cache`: a folder, or None."""
    header = msgspec.json.encode(contract)
    digest = hashlib.sha256(header + b"\n" + data).hexdigest()
    verdict = None if cache is None else cache / "probed" / digest
    if verdict is not None and _read(verdict) == GOOD:
        return
    answer = _ask_child(header + b"\n" + data)
    if answer != GOOD:
        raise ModelError(printable(answer.decode("utf-8", "replace"), 300) or "the net ended the process that tried it")
    if verdict is not None:
        with contextlib.suppress(OSError, DataError):
            verdict.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(verdict, GOOD)


def _ask_child(question: bytes) -> bytes:
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "instrument.model.probe"],
            input=question,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=TIMEOUT_S,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ModelError(f"the net took longer than {TIMEOUT_S:g} s to load and run") from error
    except OSError as error:
        raise ModelError(f"the net can't be tried: {error.strerror}") from error
    if not done.stdout.startswith(READY):
        raise ModelError("the net can't be tried: the process for it doesn't start; is Ghostnote installed here?")
    return done.stdout.removeprefix(READY).strip()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _bound_this_process() -> None:
    try:
        import resource
    except ImportError:  # Windows: the parent's timeout remains
        return
    limits = {
        resource.RLIMIT_AS: MOST_MEMORY,
        resource.RLIMIT_CPU: int(TIMEOUT_S),
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    for kind, most in limits.items():
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, most))


def _answer(question: bytes) -> str:
    header, _, data = question.partition(b"\n")
    try:
        if "model" in msgspec.json.decode(header, type=dict[str, msgspec.Raw]):
            _try_encoder(data, msgspec.json.decode(header, type=EncoderContract))
        else:
            _try_model(data, msgspec.json.decode(header, type=ModelContract))
    except (ModelError, MemoryError, msgspec.DecodeError) as error:
        return printable(str(error), 300) or "the net needs too much memory"
    return GOOD.decode()


def _try_model(data: bytes, contract: ModelContract) -> None:
    from instrument.model.onnx import golden_inputs, open_model

    model = open_model(data, contract)
    z, style, condition, *_ = golden_inputs(contract, RUNS)
    for index in range(RUNS):
        place = np.repeat(z[index : index + 1], len(model.latents(index)), 0)
        model.bar_at(index, place, style[index], condition[index])


def _try_encoder(data: bytes, contract: EncoderContract) -> None:
    from instrument.model.encoder import OnnxEncoder, golden_bars

    encoder = OnnxEncoder(data, contract)
    encoder.run(*golden_bars(contract, RUNS))


def main() -> None:
    """The child's whole life."""
    sys.stdout.write(READY.decode())
    sys.stdout.flush()
    question = sys.stdin.buffer.read()
    _bound_this_process()
    sys.stdout.write(_answer(question) + "\n")


if __name__ == "__main__":
    main()
