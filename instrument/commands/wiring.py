"""From the words of a command line to the values that play: preset, knobs, kit, composer."""

from __future__ import annotations

import math
from dataclasses import dataclass

from instrument.commands import feel
from instrument.core.drums import KitMap
from instrument.core.latent import LARGEST_SEED
from instrument.errors import UsageError
from instrument.model.store import list_presets, load_preset
from instrument.session import recall
from instrument.session.composer import Composer
from instrument.session.kits import load_kit
from instrument.session.view import Knobs, check_tempo


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the player asked for, as typed."""

    preset: str
    epoch: str
    bpm: float
    seed: int
    style: str
    density: float
    energy: float
    variation: float
    fill_every: int
    quantise: float
    swing: float
    humanise: float
    accent: float
    velocity: str
    late: str
    mute: str
    recall: str
    kit: str
    channel: int | None


def kit_of(choice: Choice) -> KitMap:
    kit = load_kit(choice.kit)
    if choice.channel is None:
        return kit
    if not 1 <= choice.channel <= 16:
        raise UsageError(f"--channel {choice.channel} is not in 1..16")
    return kit.on_channel(choice.channel - 1)


def _preset_names() -> list[str]:
    return [summary.name for summary in list_presets()]


def set_up(choice: Choice) -> tuple[Composer, Knobs, int]:
    """The composer, the knobs, and the bar that a recall code names, or -1.

    Raises UsageError for a value that doesn't exist or is out of range, ModelError for a preset that can't play."""
    if not 0 <= choice.seed <= LARGEST_SEED:
        raise UsageError(f"--seed {choice.seed} is not in 0..{LARGEST_SEED}")
    for name in ("bpm", "density", "energy", "variation", "quantise", "swing", "humanise", "accent"):
        if not math.isfinite(value := getattr(choice, name)):
            raise UsageError(f"--{name} {value} is not a number that can be used")
    softest, loudest = feel.velocities(choice.velocity)
    preset = load_preset(choice.preset)
    try:
        check_tempo(choice.bpm)
        knobs = Knobs(
            epoch=preset.resolve_epoch(choice.epoch),
            preset=preset.manifest.name,
            style=choice.style,
            density=choice.density,
            energy=choice.energy,
            variation=choice.variation,
            fill_every=choice.fill_every,
            quantise=choice.quantise,
            swing=choice.swing,
            humanise=choice.humanise,
            accent=choice.accent,
            softest=softest,
            loudest=loudest,
            late=feel.late(choice.late),
            muted=feel.muted(choice.mute),
        )
    except ValueError as error:
        raise UsageError(str(error)) from error
    composer = Composer(preset, kit_of(choice), choice.seed, load_preset, _preset_names)
    only = -1
    if choice.recall:
        found = recall.decode(choice.recall)
        knobs, only = found.settled(preset.manifest), found.index
    composer.check(knobs)
    preset.model(knobs.epoch)
    return composer, knobs, only
