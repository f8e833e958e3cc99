"""The same music without waiting for it: the engine's own sequencer, driven as fast as the net answers."""

from __future__ import annotations

from collections.abc import Callable

from instrument.core.events import Message
from instrument.core.sequencer import Sequencer
from instrument.core.timebase import BAR_TICKS
from instrument.session.composer import Composed, Composer
from instrument.session.view import Knobs

Compose = Callable[[int, Knobs], Composed]


def play_offline(compose: Compose, knobs: Knobs, bars: int) -> list[Message]:
    """All messages of bars 0 to `bars` - 1, in the order of sending, up to the last bar line."""
    sequencer = Sequencer()
    sequencer.start(0, until_bar=bars)
    messages: list[Message] = []
    for index in range(bars):
        sequencer.load(compose(index, knobs).revision(index, 0))
        if index:
            messages += sequencer.advance((index - 1) * BAR_TICKS + BAR_TICKS // 2)
    messages += sequencer.advance(bars * BAR_TICKS + 1)
    return messages


def render(composer: Composer, knobs: Knobs, bars: int, *, independent: bool = False) -> list[Message]:
    """See `play_offline`; `independent` draws each bar's latent and conditions anew."""
    composer.check(knobs)
    return play_offline(composer.compose_independent if independent else composer.compose, knobs, bars)
