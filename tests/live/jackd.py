"""A private JACK server with the dummy driver, so that live tests need no sound card and meet no other program."""

from __future__ import annotations

import os
import subprocess
import time
from types import TracebackType
from typing import Any, Self

from tests.live.hosts import host

START_S = 10.0


class JackServer:
    """`jackd` under a name of its own, 48 kHz, synchronous (it waits for slow clients, so nothing is lost)."""

    def __init__(self, *, period: int = 256) -> None:
        self.name = f"ghostnote-{os.getpid()}-{id(self):x}"[-32:]
        self.period = period
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Raises AssertionError where the server doesn't answer in time."""
        command = [host("jackd", "jackd2"), "-n", self.name, "--port-max", "128"]
        command += ["-R", "-P", "80"] if os.geteuid() == 0 else ["-r"]
        command += ["-S", "-d", "dummy", "-r", "48000", "-p", str(self.period)]
        quiet = {**os.environ, "JACK_NO_AUDIO_RESERVATION": "1"}
        self._process = subprocess.Popen(command, env=quiet, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + START_S
        while not self._answers():
            assert self._process.poll() is None, f"jackd ended with {self._process.returncode}"
            assert time.monotonic() < deadline, f"jackd didn't answer within {START_S} s"
            time.sleep(0.05)

    def _answers(self) -> bool:
        import jack

        from instrument.ports.quiet import quiet

        try:
            with quiet():
                client: Any = jack.Client("probe", servername=self.name, no_start_server=True)
                client.close()
        except jack.JackError:
            return False
        return True

    def kill(self) -> None:
        """As a crash would end it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = None

    def stop(self) -> None:
        """jackd sometimes ignores SIGTERM after a client died: two seconds, then a kill."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(2)
            except subprocess.TimeoutExpired:
                self.kill()
        self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
