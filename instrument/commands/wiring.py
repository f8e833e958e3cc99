"""From the words of a command line to the values that play: preset, knobs, kit, composer."""

from __future__ import annotations

import math

from instrument.commands import feel
from instrument.commands.options import Choice, Company
from instrument.core.drums import KitMap
from instrument.core.latent import LARGEST_SEED
from instrument.errors import UsageError, nearest
from instrument.model.preset import Preset
from instrument.model.store import list_presets, load_preset
from instrument.session import recall
from instrument.session.along import KINDS, Hearing, lines_of
from instrument.session.composer import Composer
from instrument.session.kits import load_kit
from instrument.session.view import Knobs, check_tempo

NUMBERS = ("bpm", "density", "energy", "variation", "quantise", "swing", "humanise", "accent", "follow", "distance")


def kit_of(choice: Choice) -> KitMap:
    kit = load_kit(choice.kit)
    if choice.channel is None:
        return kit
    if not 1 <= choice.channel <= 16:
        raise UsageError(f"--channel {choice.channel} is not in 1..16")
    return kit.on_channel(choice.channel - 1)


def _preset_names() -> list[str]:
    return [summary.name for summary in list_presets()]


def _preset_of(choice: Choice, code: recall.Recall | None) -> Preset:
    """The preset that was asked for, or that a code was made with where it is here."""
    preset = load_preset(choice.preset)
    if code is None or code.is_of(preset.manifest.name):
        return preset
    return next((load_preset(name) for name in _preset_names() if code.is_of(name)), preset)


def hearing_of(company: Company) -> Hearing:
    """What of the notes that come in is listened to. Raises UsageError and DataError."""
    if company.in_kind not in KINDS:
        kinds = ", ".join(KINDS)
        raise UsageError(f'--in-kind "{company.in_kind}"{nearest(company.in_kind, KINDS)} is none of {kinds}')
    low, high = feel.notes(company.in_notes)
    return Hearing(
        channels=feel.channels(company.in_channel),
        low=low,
        high=high,
        kind=company.in_kind,
        lines=lines_of(load_kit(company.in_kit)) if company.in_kit else {},
    )


def set_up(choice: Choice, company: Company) -> tuple[Composer, Knobs, int]:
    """The composer, the knobs, and the bar that a recall code names, or -1.

    Raises UsageError for a value that doesn't exist or is out of range, ModelError for a preset that can't play."""
    seed = choice.seed or 0
    if not 0 <= seed <= LARGEST_SEED:
        raise UsageError(f"--seed {seed} is not in 0..{LARGEST_SEED}")
    for name in NUMBERS:
        if not math.isfinite(value := getattr(company if hasattr(company, name) else choice, name) or 0.0):
            raise UsageError(f"--{name} {value} is not a number that can be used")
    least, most = feel.share_range(company.energy_range)
    softest, loudest = feel.velocities(choice.velocity)
    code = recall.decode(choice.recall) if choice.recall else None
    preset = _preset_of(choice, code)
    try:
        check_tempo(choice.tempo_bpm)
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
            follow=company.follow,
            with_energy=company.follow_energy,
            least=least,
            most=most,
            waits=company.waits,
            trade=company.trade,
            distance=company.distance,
            complement=company.complement,
            theirs=feel.muted(company.theirs, "--theirs"),
        )
    except ValueError as error:
        raise UsageError(str(error)) from error
    composer = Composer(preset, kit_of(choice), seed, load_preset, _preset_names)
    only = -1
    if code:
        knobs, only = code.settled(preset.manifest), code.index
    composer.check(knobs)
    preset.model(knobs.epoch)
    return composer, knobs, only
