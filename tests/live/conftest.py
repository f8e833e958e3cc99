"""The server that the live tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from instrument.bench.jack_server import JackServer
from tests.live.hosts import host


@pytest.fixture
def jack_server() -> Iterator[JackServer]:
    host("jackd", "jackd2")
    with JackServer() as server:
        yield server
