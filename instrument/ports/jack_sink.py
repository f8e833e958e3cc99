"""The exact sink: a JACK client whose process callback writes each message at its frame.

The clock is JACK's own frame counter, so positions become frames without any system timer between. The engine's thread
hands messages over a period and a little more ahead; JACK's thread takes them from the queue. The queue is a deque of
frozen values: one side appends, the other pops, nothing else is shared. What comes in goes the other way, with its
frame.
"""

from __future__ import annotations

import time
from collections import deque
from contextlib import suppress
from typing import Any

from instrument.core.events import Message
from instrument.engine.messages import Sent
from instrument.errors import PortError, nearest
from instrument.ports.contract import LONGEST_HEARD, MOST_WAITING, Arrived, PortNames
from instrument.ports.quiet import quiet

SPARE_S = 0.005
LOOK_AHEAD_S = 0.02
"""Handed over at least so long ahead: a machine that stalls for less still plays on the frame."""
CLOSE_WAIT_S = 0.25
FRAME_WRAP = 2**32


def load_jack() -> Any:
    """The library. Raises PortError where JACK-Client or libjack isn't there."""
    try:
        with quiet():
            import jack
    except (ImportError, OSError) as error:
        raise PortError("JACK is not installed (jackd2, or PipeWire's JACK)") from error
    return jack


class JackSink:
    """Keeps the contract of `OutSink`."""

    backend = "jack"

    def __init__(self, names: PortNames, in_port: str) -> None:
        """Opens a client on the running server. Raises PortError where none answers or `in_port` isn't there."""
        jack = load_jack()
        try:
            with quiet():
                self._client: Any = jack.Client(names.client, no_start_server=True)
        except (jack.JackError, OSError) as error:
            raise PortError("no JACK server answers") from error
        client = self._client
        self._jack_error = jack.JackError
        self._queue: deque[tuple[int, float, Message]] = deque()
        self._sent: deque[tuple[Message, float, int]] = deque()
        self._arrived: deque[tuple[int, bytes]] = deque(maxlen=MOST_WAITING)
        self._down = False
        self._last_frame = 0
        self._wraps, self._newest = 0, 0
        self._rate = int(client.samplerate)
        self._out = client.midi_outports.register(names.out)
        self._in = client.midi_inports.register(names.into)
        client.set_process_callback(self._process)
        client.set_shutdown_callback(self._shut_down)
        self._listening: set[str] = set()
        self._heard: set[str] = set()
        client.set_port_connect_callback(self._connected)
        with quiet():
            client.activate()
        self.out_port = str(self._out.name)
        self.in_port = str(self._in.name)
        if in_port:
            self._listen_to(in_port)

    @property
    def look_ahead_s(self) -> float:
        return max(float(self._client.blocksize) / self._rate + SPARE_S, LOOK_AHEAD_S)

    def now(self) -> float:
        return self._unwrap(self._client.frame_time) / self._rate

    def send(self, message: Message, due_s: float) -> None:
        frame = max(round(due_s * self._rate), self._last_frame)
        self._last_frame = frame
        self._queue.append((frame, due_s, message))

    def collect(self) -> list[Sent]:
        sent = []
        while self._sent:
            message, due_s, frame = self._sent.popleft()
            late = max(0.0, frame / self._rate - round(due_s * self._rate) / self._rate)
            sent.append(Sent(message=message, due_s=due_s, sent_s=due_s + late))
        return sent

    def incoming(self) -> list[Arrived]:
        if not self._arrived:
            return []
        senders = self.senders()
        port = senders[0] if len(senders) == 1 else ""
        arrived = []
        while self._arrived:
            frame, data = self._arrived.popleft()
            arrived.append(Arrived(data=data, at_s=frame / self._rate, port=port))
        return arrived

    def senders(self) -> list[str]:
        """The ports that are connected to our input."""
        return sorted(self._heard)

    def alive(self) -> bool:
        return not self._down

    def receivers(self) -> list[str]:
        """The ports that our output is connected to."""
        return sorted(self._listening)

    def connect(self, receivers: list[str], senders: list[str]) -> None:
        """Connect our output, and our input, to the ports of these names that are there."""
        there = {str(port.name) for port in self._client.get_ports(is_midi=True)}
        ends = [(self._out, name) for name in receivers if name in there]
        ends += [(name, self._in) for name in senders if name in there and name not in self._heard]
        for source, sink in ends:
            with suppress(self._jack_error):
                self._client.connect(source, sink)

    def close(self) -> None:
        if not self._down:
            deadline = time.perf_counter() + CLOSE_WAIT_S
            while self._queue and not self._down and time.perf_counter() < deadline:
                time.sleep(0.002)
            time.sleep(2 * float(self._client.blocksize) / self._rate)
            with quiet():
                self._client.deactivate()
                self._client.close()
        self._down = True

    def _process(self, frames: int) -> None:
        self._out.clear_buffer()
        start = self._unwrap(self._client.last_frame_time)
        for offset, data in self._in.incoming_midi_events():
            self._arrived.append((start + offset, bytes(data[: None if len(data) <= LONGEST_HEARD else 1])))
        queue = self._queue
        while queue and queue[0][0] < start + frames:
            frame, due_s, message = queue.popleft()
            at = max(frame, start)
            self._out.write_midi_event(at - start, message.to_bytes())
            self._sent.append((message, due_s, at))

    def _connected(self, source: Any, sink: Any, connected: bool) -> None:
        if source == self._out:
            (self._listening.add if connected else self._listening.discard)(str(sink.name))
        elif sink == self._in:
            (self._heard.add if connected else self._heard.discard)(str(source.name))

    def _shut_down(self, status: object, reason: str) -> None:
        self._down = True

    def _unwrap(self, frame: int) -> int:
        """JACK counts frames in 32 bits: a day at 48 kHz."""
        wraps, newest = self._wraps, self._newest
        if frame < newest - FRAME_WRAP // 2:
            wraps += 1
        elif frame > newest + FRAME_WRAP // 2:
            return frame + (wraps - 1) * FRAME_WRAP
        if wraps != self._wraps or frame > newest:
            self._wraps, self._newest = wraps, frame
        return frame + wraps * FRAME_WRAP

    def _listen_to(self, wanted: str) -> None:
        ports = [str(port.name) for port in self._client.get_ports(is_midi=True, is_output=True)]
        found = next((port for port in ports if wanted in (port, port.partition(":")[0])), None)
        if found is None:
            self.close()
            raise PortError(f'no MIDI input "{wanted}"{nearest(wanted, ports)}; see: ghostnote ports')
        self._client.connect(found, self._in)
        self.in_port = found
