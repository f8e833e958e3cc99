"""The engine's process: `python -P -m instrument.engine`, started by `instrument.engine.client`."""

from __future__ import annotations

import sys

from instrument.engine.loop import serve
from instrument.engine.wire import engine_end

if __name__ == "__main__":
    sys.exit(serve(engine_end()))
