"""Property tests have no deadline, as none depends on how fast the machine is; in CI they draw the same each time."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("ghostnote", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("ghostnote")
