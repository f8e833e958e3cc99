"""From knobs and number to a bar, for a net of phrases: what is held, what is a bar's own, and the tap."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from instrument.core.bar import Bar, Floats
from instrument.core.drums import GM_KIT, Voice
from instrument.core.manifest import Manifest, ModelContract, Tensor
from instrument.core.phrases import NATURAL
from instrument.core.taps import Tapped
from instrument.model.epochs import resolve_epoch
from instrument.model.scripted import ScriptedBarModel, ScriptedPreset
from instrument.session.composer import Composer
from instrument.session.view import Knobs

HELD = 12


class Listening(ScriptedBarModel):
    """Keeps what it was asked for."""

    def __init__(self, contract: ModelContract) -> None:
        super().__init__()
        self.contract = contract
        self.asked: list[tuple[int, Floats, Floats | None]] = []

    def bar_at(
        self,
        index: int,
        z: Floats,
        style: Floats,
        condition: Floats,
        threshold: float = 0.5,
        tap: Floats | None = None,
    ) -> Bar:
        self.asked.append((index, z[0], tap))
        return super().bar_at(index, z, style, condition, threshold)


class Phrases:
    """Keeps the contract of `ModelSource` with a net that holds most of its z for a phrase of four bars."""

    def __init__(self) -> None:
        scripted = ScriptedPreset().manifest
        place = Tensor(name="place", shape=(4,))
        contract = replace(scripted.model, inputs=(*scripted.model.inputs, place), phrase_dim=HELD, walk_dim=2)
        self.manifest: Manifest = replace(scripted, model=contract)
        self.listening = Listening(contract)

    @property
    def epochs(self) -> tuple[int, ...]:
        return tuple(epoch.number for epoch in self.manifest.epochs)

    def model(self, epoch: int) -> Listening:
        return self.listening

    def encoder(self) -> None:
        return None

    def resolve_epoch(self, wanted: str | int) -> int:
        return resolve_epoch(self.manifest, wanted)


def asked(bars: int, **turned: float) -> list[tuple[int, Floats]]:
    """Place and z of the first bars."""
    source = Phrases()
    knobs = replace(Knobs(epoch=source.manifest.best_epoch), **turned)  # type: ignore[arg-type]
    composer = Composer(source, GM_KIT, 7)
    for index in range(bars):
        composer.compose(index, knobs)
    return [(place, z) for place, z, _ in source.listening.asked]


def test_a_phrase_is_held_for_as_many_bars_as_the_knob_says() -> None:
    parts = [z[:HELD] for _, z in asked(16, phrase=8)]
    assert all((part == parts[0]).all() for part in parts[:8])
    assert all((part == parts[8]).all() for part in parts[8:])
    assert (parts[0] != parts[8]).all()
    whole = [z[:HELD] for _, z in asked(16, phrase=0)]
    assert all((part == whole[0]).all() for part in whole)


def test_at_the_natural_variation_bars_are_their_own_at_their_own_place() -> None:
    found = asked(16)
    assert Knobs(epoch=1).variation == NATURAL
    numbers = [place for place, _ in found]
    assert sum(place == index for index, place in enumerate(numbers)) >= 14
    assert len({z[HELD:].tobytes() for _, z in found}) >= 14


def test_without_variation_it_is_a_loop_and_with_all_of_it_nothing_stays() -> None:
    still = asked(6, variation=0.0)
    assert all(place == 0 and np.allclose(z, still[0][1]) for place, z in still)
    free = asked(8, variation=1.0)
    assert not np.allclose(free[0][1][:HELD], free[4][1][:HELD], atol=0.5)


def test_what_is_heard_goes_to_a_net_that_listens_as_far_as_it_follows() -> None:
    source = Phrases()
    model = source.manifest.model
    source.manifest = replace(
        source.manifest, model=replace(model, inputs=(*model.inputs, Tensor(name="tap", shape=(4, 16))))
    )
    heard = (Tapped(-1920, 100, Voice.KICK), Tapped(-1440, 90, Voice.SNARE), Tapped(-1200, 120, Voice.CLOSED_HAT))
    knobs = Knobs(epoch=source.manifest.best_epoch, heard=heard)
    steps = []
    for follow in (0.0, 0.5, 1.0):
        Composer(source, GM_KIT, 7).compose(0, replace(knobs, follow=follow))
        tap = source.listening.asked[-1][2]
        steps.append([] if tap is None else np.flatnonzero(tap[0]).tolist())
    assert steps == [[], [0], [0, 4]]


def test_a_tap_goes_to_the_net() -> None:
    source = Phrases()
    tap = np.ones((4, 16), np.float32)
    Composer(source, GM_KIT, 7).compose(0, Knobs(epoch=source.manifest.best_epoch), tap)
    assert source.listening.asked[0][2] is tap
