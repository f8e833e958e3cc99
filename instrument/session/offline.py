"""The same music without waiting for it: the engine's own sequencer, driven as fast as the net answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from instrument.core.events import Message
from instrument.core.sequencer import Sequencer
from instrument.core.timebase import BAR_TICKS
from instrument.errors import DataError
from instrument.ports.smf import PlayedFile, TempoChange
from instrument.session.along import Along, Hearing
from instrument.session.composer import Composed, Composer
from instrument.session.form import formed
from instrument.session.knobs import Knobs
from instrument.session.recording import Code, recorded_file, take_of

Compose = Callable[[int, Knobs], Composed]


def play_offline(compose: Compose, knobs: Knobs, bars: int) -> list[Message]:
    """All messages of bars 0 to `bars` - 1, in the order of sending, up to the last bar line."""
    sequencer = Sequencer()
    sequencer.start(0, until_bar=bars)
    messages: list[Message] = []
    for index in range(bars):
        sequencer.load(compose(index, formed(knobs, index)).revision(index, 0))
        if index:
            messages += sequencer.advance((index - 1) * BAR_TICKS + BAR_TICKS // 2)
    messages += sequencer.advance(bars * BAR_TICKS + 1)
    return messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Music:
    """Bars that were rendered: `messages` in the order of sending; `code` names each bar, or gives ""."""

    messages: list[Message]
    bars: int
    code: Code

    def file(self, tempo_bpm: float) -> bytes:
        """A .mid, byte for byte what a jam records that played the same."""
        tempos = [TempoChange(position_ticks=0, tempo_bpm=tempo_bpm)]
        return recorded_file(take_of(self.messages), tempos, self.bars, self.code)


def render(
    composer: Composer,
    knobs: Knobs,
    bars: int,
    *,
    independent: bool = False,
    only: int = -1,
    along: Along | None = None,
) -> Music:
    """See `play_offline`; `independent` draws each bar's latent and conditions; `only` plays that bar always; `along`
    has heard all that another player plays."""
    composer.check(knobs)
    if independent:
        return Music(messages=play_offline(composer.compose_independent, knobs, bars), bars=bars, code=lambda index: "")

    def heard(index: int, knobs: Knobs) -> Knobs:
        return knobs if along is None else along.shaped(knobs, index, (index + 1) * BAR_TICKS)

    def compose(index: int, knobs: Knobs) -> Composed:
        return composer.compose(index if only < 0 else only, heard(index, knobs))

    def code(index: int) -> str:
        return composer.code(index if only < 0 else only, heard(index, formed(knobs, index)))

    return Music(messages=play_offline(compose, knobs, bars), bars=bars, code=code)


def heard_from(played: PlayedFile, hearing: Hearing) -> Along:
    """A player that has played a file. Raises DataError where nothing of it is listened to."""
    along = Along(hearing, remembers=True)
    listened = [along.hear(*note) for note in played.notes]
    if not any(listened):
        raise DataError("nothing in the file is played on the channels and notes that are listened to")
    return along
