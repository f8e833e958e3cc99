"""The server that the live tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.live.jackd import JackServer


@pytest.fixture
def jack_server() -> Iterator[JackServer]:
    with JackServer() as server:
        yield server
