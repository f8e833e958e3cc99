"""A private JACK server with the dummy driver: a real receiver's world without a sound card, met by nobody else."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from types import TracebackType
from typing import Any, Self

from instrument.errors import PortError
from instrument.ports.jack_sink import load_jack
from instrument.ports.quiet import quiet

START_S = 10.0
STOP_S = 2.0
LOOK_S = 0.05
RATE = 48000


class JackServer:
    """`jackd` under a name of its own, 48 kHz, synchronous (it waits for slow clients, so nothing is lost)."""

    def __init__(self, *, period: int = 256) -> None:
        self.name = f"ghostnote-{os.getpid()}-{id(self):x}"[-32:]
        self.period = period
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """In which a JACK client finds this server and starts none."""
        return {**os.environ, "JACK_DEFAULT_SERVER": self.name, "JACK_NO_START_SERVER": "1"}

    def start(self) -> None:
        """Raises PortError where jackd isn't installed or doesn't answer in time."""
        program = shutil.which("jackd")
        if program is None:
            raise PortError("jackd is not installed (apt install jackd2)")
        command = [program, "-n", self.name, "--port-max", "128"]
        command += ["-R", "-P", "80"] if os.geteuid() == 0 else ["-r"]
        command += ["-S", "-d", "dummy", "-r", str(RATE), "-p", str(self.period)]
        environment = {**os.environ, "JACK_NO_AUDIO_RESERVATION": "1"}
        self._process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + START_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise PortError("jackd did not start")
            time.sleep(LOOK_S)

    def _answers(self) -> bool:
        jack = load_jack()
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
        """jackd sometimes ignores SIGTERM after a client died."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOP_S)
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
