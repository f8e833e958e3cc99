"""What a recipe may say, and reading one: shipped by name, or any TOML file; `key=value` overrides on top.

Nothing is guessed: an unknown key is refused with the nearest known one, a value of the wrong type or out of range with
the key and the file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import tomli_w
from msgspec import Meta

from instrument.errors import DataError, UsageError, nearest

Count = Annotated[int, Meta(ge=1, le=1_000_000)]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Positive = Annotated[float, Meta(gt=0.0, le=1e6)]
NonNegative = Annotated[float, Meta(ge=0.0, le=1e6)]


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the recipe."""


class DataSettings(_Section, frozen=True):
    """Kind "bar": `steps` to the bar, `planes`, the hits of one voice that a cell holds, and `bars`, the successive
    bars that are learnt together; with two or more, a step also has `singles` bars of performances that are shorter.
    Kind "ticks": `window_ticks`, the windows' length at 480 ticks a quarter; `truncate` keeps the first window of each
    file alone; `velocity_only` has no plane of onsets."""

    steps: Literal[16, 32] = 16
    planes: Annotated[int, Meta(ge=1, le=4)] = 2
    bars: Annotated[int, Meta(ge=1, le=8)] = 1
    singles: Annotated[int, Meta(ge=0, le=1024, multiple_of=8)] = 0
    window_ticks: Annotated[int, Meta(ge=0, le=100_000)] = 0
    truncate: bool = False
    velocity_only: bool = False


class NetworkSettings(_Section, frozen=True):
    """Sizes of the nets; see `training.networks` for kind "bar" and `training.tick_networks` for "ticks". `layers` of
    convolution, or `linear`, are for "ticks"; the rest for "bar". `phrase_dim` leading entries of z are shared by the
    bars of a window; of the others, `walk_dim` move from bar to bar. `tap`: G can be given a groove to keep.
    `leanings`: entries of z have a meaning of their own, which critics are told (see `training.leanings`).
    `theme_dim`: the latent_dim of the single bars' net that G varies, which `--init` brings."""

    latent_dim: Annotated[int, Meta(ge=1, le=1024)] = 64
    code_dim: Annotated[int, Meta(ge=0, le=64)] = 8
    style_dim: Annotated[int, Meta(ge=1, le=256)] = 16
    mapping_dim: Annotated[int, Meta(ge=8, le=1024)] = 128
    generator_channels: Annotated[int, Meta(ge=4, le=1024)] = 96
    critic_channels: Annotated[int, Meta(ge=4, le=1024)] = 64
    phrase_dim: Annotated[int, Meta(ge=0, le=1024)] = 0
    walk_dim: Annotated[int, Meta(ge=0, le=1024)] = 0
    tap: bool = False
    leanings: bool = False
    theme_dim: Annotated[int, Meta(ge=0, le=1024)] = 0
    layers: Annotated[int, Meta(ge=1, le=8)] = 3
    linear: bool = False


class LossSettings(_Section, frozen=True):
    """`gamma` weighs R1 and R2, computed every `penalty_every` steps and then as many times as strong; `code` weighs
    the latent regression, `tap` the strokes of a given tap that are not kept, `match` how far the traits of made bars
    lie from those of real ones, `relate` the same of how bars of a window differ from each other (see
    `training.moments`), `steer` what a turned control does not do, `smooth` the strokes that a small step in the latent
    changes (see `training.losses`)."""

    gamma: NonNegative = 0.5
    penalty_every: Annotated[int, Meta(ge=1, le=64)] = 8
    code: NonNegative = 0.02
    tap: NonNegative = 0.0
    match: NonNegative = 0.0
    relate: NonNegative = 0.0
    steer: NonNegative = 0.0
    smooth: NonNegative = 0.0


class OptimiserSettings(_Section, frozen=True):
    """Adam. `batch` in bars or windows, of each process. `ema` is the weight of the past in the averaged generator, per
    step."""

    batch: Annotated[int, Meta(ge=8, le=4096, multiple_of=8)] = 128
    lr: Positive = 1e-3
    beta1: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.0
    beta2: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.99
    ema: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.999


class ScheduleSettings(_Section, frozen=True):
    """`epochs` in all. The learning rates stay constant until `decay_from` of them, then fall on a half cosine to
    `lr_floor` of their start. The conditions' jitter, in standard deviations, falls from `jitter` to `jitter_end`
    between `decay_from` and the end. `tapped`: the share of windows that come with a tap, `told`: of items whose
    leanings critics are told. For the first `lead` steps the critics learn alone: beside a generator that has learnt
    already they would be no use, and lead it astray. `augment`: the chance, at the end, of each change through which
    critics see bars (see `training.augment`); it rises from nothing as the learning rates fall, for that is when
    critics learn by heart. `lessons_from`: the share of the epochs after which traits, controls and steps begin to
    count (see `training.lessons`); a net that makes no bars yet is led astray by them, and one that begins from
    another needs them at once, whatever stands here. `theme_from`: the share after which a theme learns, too; with 1 it
    never does."""

    epochs: Annotated[int, Meta(ge=1, le=100_000)] = 200
    decay_from: Share = 0.5
    lr_floor: Share = 0.05
    jitter: NonNegative = 0.3
    jitter_end: NonNegative = 0.15
    tapped: Share = 0.5
    told: Share = 0.5
    augment: Share = 0.0
    lead: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    lessons_from: Share = 0.0
    theme_from: Share = 1.0


class MetricSettings(_Section, frozen=True):
    """`bars` generated for the fast suite, each epoch; the two-sample test runs each `c2st_every` epochs. What the bars
    are as a set, and how the net answers its player, is measured each `sets_every` epochs and at the last; 0 is never.
    """

    bars: Annotated[int, Meta(ge=64, le=20_000)] = 2000
    c2st_every: Annotated[int, Meta(ge=1, le=10_000)] = 5
    sets_every: Annotated[int, Meta(ge=0, le=10_000)] = 0


class Recipe(_Section, frozen=True):
    """A training run, but for its data and seed. `kind` says what the nets make: bars on a grid or windows of ticks."""

    name: str = "custom"
    title: str = ""
    kind: Literal["bar", "ticks"] = "bar"
    data: DataSettings = DataSettings()
    network: NetworkSettings = NetworkSettings()
    loss: LossSettings = LossSettings()
    optimiser: OptimiserSettings = OptimiserSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    metrics: MetricSettings = MetricSettings()


def list_recipes() -> dict[str, str]:
    """The shipped recipes: name -> title."""
    found = {}
    for entry in resources.files("training.recipes").iterdir():
        if entry.name.endswith(".toml"):
            recipe = recipe_from_toml(entry.read_text("utf-8"), entry.name)
            found[entry.name.removesuffix(".toml")] = recipe.title
    return dict(sorted(found.items()))


def load_recipe(name_or_path: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """A shipped recipe by name, or a file that ends in .toml; then each `key=value` of `overrides`.

    A key is dotted (`schedule.epochs=20`) or bare (`epochs=20`). Raises UsageError for an unknown name, key or value
    and DataError for a file that can't be read.
    """
    text, source = _read(name_or_path)
    raw = _parse(text, source)
    for override in overrides:
        _override(raw, override)
    return _convert(raw, source)


def recipe_from_toml(text: str, source: str) -> Recipe:
    """A recipe from TOML; `source` names it in errors."""
    return _convert(_parse(text, source), source)


def recipe_to_toml(recipe: Recipe) -> str:
    """All of it, defaults written out."""
    return tomli_w.dumps(msgspec.to_builtins(recipe))


def _read(name_or_path: str | Path) -> tuple[str, str]:
    name = str(name_or_path)
    if not name.endswith(".toml"):
        entry = resources.files("training.recipes").joinpath(f"{name}.toml")
        shipped = list_recipes()
        if name not in shipped:
            raise UsageError(f'no recipe "{name}"{nearest(name, shipped)}; there are {", ".join(shipped)}')
        return entry.read_text("utf-8"), name
    try:
        return Path(name).read_text("utf-8"), name
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise DataError(f"can't read the recipe {name}: {reason}") from error


def _parse(text: str, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"the recipe {source} is not TOML: {error}") from error


def _convert(raw: dict[str, Any], source: str) -> Recipe:
    _refuse_unknown(raw, Recipe, source, "")
    try:
        recipe = msgspec.convert(raw, Recipe)
    except msgspec.ValidationError as error:
        raise UsageError(f"recipe {source}: {error}") from error
    if (recipe.kind == "ticks") != (recipe.data.window_ticks > 0):
        raise UsageError(f'recipe {source}: data.window_ticks is for kind "ticks", and must be there')
    _check_windows(recipe, source)
    return recipe


def _check_windows(recipe: Recipe, source: str) -> None:
    """Raises UsageError where keys of windows stand in a recipe without any, or don't fit each other."""
    network, loss = recipe.network, recipe.loss
    for name, there in (
        ("data.singles", recipe.data.singles),
        ("network.phrase_dim", network.phrase_dim),
        ("network.walk_dim", network.walk_dim),
        ("network.theme_dim", network.theme_dim),
        ("loss.relate", loss.relate > 0),
    ):
        if there and recipe.data.bars == 1:
            raise UsageError(f"recipe {source}: {name} is for data.bars of 2 or more")
    if recipe.data.bars > 1 and recipe.kind != "bar":
        raise UsageError(f'recipe {source}: data.bars is for kind "bar"')
    if recipe.schedule.theme_from < 1 and not network.theme_dim:
        raise UsageError(f"recipe {source}: schedule.theme_from is for network.theme_dim")
    if network.phrase_dim + network.walk_dim > network.latent_dim:
        raise UsageError(f"recipe {source}: phrase_dim and walk_dim are more than network.latent_dim")
    if network.theme_dim and not network.theme_dim <= network.phrase_dim <= network.latent_dim - network.theme_dim:
        raise UsageError(f"recipe {source}: network.theme_dim must fit into phrase_dim and into the rest of latent_dim")
    for name, wanted in (
        ("network.tap", network.tap),
        ("network.leanings", network.leanings),
        ("loss.match", loss.match > 0),
        ("loss.steer", loss.steer > 0),
        ("loss.smooth", loss.smooth > 0),
    ):
        if wanted and recipe.kind != "bar":
            raise UsageError(f'recipe {source}: {name} is for kind "bar"')
    if loss.tap and not network.tap:
        raise UsageError(f"recipe {source}: loss.tap is for network.tap")


def _refuse_unknown(raw: dict[str, Any], struct: type[msgspec.Struct], source: str, prefix: str) -> None:
    fields = {field.name: field.type for field in msgspec.structs.fields(struct)}
    for key, value in raw.items():
        if key not in fields:
            raise UsageError(f'recipe {source}: unknown key "{prefix}{key}"{nearest(key, fields)}')
        inner = fields[key]
        if isinstance(value, dict) and isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            _refuse_unknown(value, inner, source, f"{prefix}{key}.")


def known_keys() -> list[str]:
    """Every key, dotted."""
    keys = []
    for field in msgspec.structs.fields(Recipe):
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            keys += [f"{field.name}.{inner.name}" for inner in msgspec.structs.fields(field.type)]
        else:
            keys.append(field.name)
    return keys


def _override(raw: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    key = key.strip()
    if not equals:
        raise UsageError(f'"{override}" is not key=value')
    known = known_keys()
    full = [name for name in known if name == key or name.rpartition(".")[2] == key]
    if len(full) != 1:
        choices = known + [name.rpartition(".")[2] for name in known]
        raise UsageError(f'unknown recipe key "{key}"{nearest(key, choices)}')
    try:
        value: Any = tomllib.loads(f"value = {text.strip()}")["value"]
    except tomllib.TOMLDecodeError:
        value = text.strip()
    section, _, name = full[0].rpartition(".")
    target = raw.setdefault(section, {}) if section else raw
    if not isinstance(target, dict):
        raise UsageError(f'recipe key "{section}" is not a table')
    target[name] = value
