"""Property tests have no deadline, as none depends on how fast the machine is; in CI they draw the same each time.

`make test` shares the tests out to as many processes as there are cores: a file stays together, for what its tests
share, and so do those that talk to a JACK server, of which one runs at a time.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

settings.register_profile("ghostnote", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("ghostnote")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        live = item.get_closest_marker("live") is not None
        item.add_marker(pytest.mark.xdist_group("live" if live else str(item.path)))
