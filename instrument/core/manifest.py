"""What a preset says of itself: which net it is, what goes in and comes out, and which epochs there are.

The shapes of these classes are the schema of `preset.toml`. Reading, checking and writing the file is
`instrument.model.preset`'s work; here are only values and the rules between them.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from dataclasses import dataclass, field

from instrument.core.drums import VOICES

SCHEMA = 1
KNOB_POINTS = 21
LARGEST_TENSOR = 2**20
"""Numbers in an input or output, without the batch."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}\.onnx")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def is_preset_name(text: str) -> bool:
    """Whether `text` can name a preset: lower-case letters, digits, - and _, at most 64."""
    return _NAME.fullmatch(text) is not None


def _finite(numbers: tuple[float, ...]) -> bool:
    return all(math.isfinite(number) for number in numbers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """An input or output of the net: its name and its shape without the batch."""

    name: str
    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.shape or min(self.shape) < 1 or math.prod(self.shape) > LARGEST_TENSOR:
            raise ValueError(f'"{self.name}" has the shape {list(self.shape)}, which can\'t be')


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelContract:
    """What the net takes and gives. `kind` is "bar" (a step grid) or "window" (ticks, laid end to end).

    The inputs of a bar model are among `z` [latent_dim], `style` [S] (weights with sum 1), `condition` [3] (fill 0..1,
    density and energy as z-scores), `place` [K] (1 at the bar's place in its phrase of K bars, else 0) and `tap` [4, T]
    (a groove to keep: onset, velocity 0..1, offset in half steps, and 1 throughout where there is a tap; zeros for
    none); its outputs are `onset` (probability), `velocity` (0..1) and `offset` (steps), each [H, V, T]. The leading
    `phrase_dim` entries of z are held for a phrase, the others are the bar's own, of which the leading `walk_dim` are
    means of K successive draws (see `core.phrases`); with a `phrase_dim` of 0 there are no phrases.

    A window model has one plane and T ticks; its inputs are among z, style, condition and `phase` [1] (how far into its
    bar the window begins, 0..1), its outputs `onset` and `velocity`, or `velocity` alone.
    """

    kind: str
    latent_dim: int
    planes: int
    voices: int
    steps: int
    styles: tuple[str, ...]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    phrase_dim: int = 0
    walk_dim: int = 0

    def __post_init__(self) -> None:
        if self.kind not in ("bar", "window"):
            raise ValueError(f'kind "{self.kind}" is neither "bar" nor "window"')
        if self.voices != VOICES:
            raise ValueError(f"{self.voices} voices, where the instrument has {VOICES}")
        if not (1 <= self.latent_dim <= 4096 and 1 <= self.planes <= 4 and 1 <= self.steps <= 100_000):
            raise ValueError(
                f"latent_dim {self.latent_dim}, planes {self.planes} or steps {self.steps} is out of range"
            )
        if min(self.phrase_dim, self.walk_dim) < 0 or self.phrase_dim + self.walk_dim > self.latent_dim:
            raise ValueError(f"phrase_dim {self.phrase_dim} or walk_dim {self.walk_dim} is out of range")
        if not self.styles or len(set(self.styles)) != len(self.styles):
            raise ValueError("the styles must be there, once each")

    def takes(self, name: str) -> bool:
        return any(tensor.name == name for tensor in self.inputs)

    @property
    def bars(self) -> int:
        """K, the bars of a phrase; 1 where the net knows of none."""
        return next((tensor.shape[0] for tensor in self.inputs if tensor.name == "place"), 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderContract:
    """What a preset's encoder takes and gives. Its inputs are `bar` [3, H, V, T] (onset, velocity 0..1, offset in
    steps), `epoch` [N] (1 at the epoch whose place is wanted, else 0) and `style` [S] (the same for the style); its
    outputs `z` and `condition`, as the model takes them."""

    model: ModelContract
    epochs: int

    def __post_init__(self) -> None:
        if self.model.kind != "bar":
            raise ValueError("an encoder is of nets that make bars on a grid")
        if not 1 <= self.epochs <= 1_000_000:
            raise ValueError(f"an encoder of {self.epochs} epochs")

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        bar = (3, self.model.planes, self.model.voices, self.model.steps)
        return (
            Tensor(name="bar", shape=bar),
            Tensor(name="epoch", shape=(self.epochs,)),
            Tensor(name="style", shape=(len(self.model.styles),)),
        )

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        return Tensor(name="z", shape=(self.model.latent_dim,)), Tensor(name="condition", shape=(3,))


@dataclass(frozen=True, slots=True, kw_only=True)
class KnobScale:
    """A condition's distribution over the training bars: its value at 0, 5, ..., 100 %."""

    quantiles: tuple[float, ...]

    def __post_init__(self) -> None:
        rising = all(a <= b for a, b in zip(self.quantiles, self.quantiles[1:], strict=False))
        if len(self.quantiles) != KNOB_POINTS or not rising or not _finite(self.quantiles):
            raise ValueError(f"a knob's scale needs {KNOB_POINTS} rising numbers")

    def value(self, knob: float) -> float:
        """A knob's place 0..1 -> the condition's z-score there, linear between the points."""
        place = min(max(knob, 0.0), 1.0) * (KNOB_POINTS - 1)
        low = min(int(place), KNOB_POINTS - 2)
        return self.quantiles[low] + (place - low) * (self.quantiles[low + 1] - self.quantiles[low])

    def knob(self, value: float) -> float:
        """The knob's place 0..1 where `value` gives this z-score; the ends where it lies outside."""
        q = self.quantiles
        if value <= q[0]:
            return 0.0
        if value >= q[-1]:
            return 1.0
        low = bisect_right(q, value) - 1
        width = q[low + 1] - q[low]
        return (low + (value - q[low]) / width if width else low) / (KNOB_POINTS - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """The scales of the conditions that a knob turns."""

    density: KnobScale
    energy: KnobScale


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """A sample of the conditions of the training beats, one row per index: what drummers play when nobody steers."""

    style: tuple[int, ...] = ()
    density: tuple[float, ...] = ()
    energy: tuple[float, ...] = ()
    fill: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not len(self.style) == len(self.density) == len(self.energy) == len(self.fill):
            raise ValueError("the prior's columns differ in length")
        if not _finite((*self.density, *self.energy, *self.fill)):
            raise ValueError("the prior holds a number that is not finite")

    def __len__(self) -> int:
        return len(self.style)


@dataclass(frozen=True, slots=True, kw_only=True)
class Direction:
    """A named way through the latent: a step along `vector` (unit length) gives more of `name`."""

    name: str
    vector: tuple[float, ...]

    def __post_init__(self) -> None:
        if not _finite(self.vector):
            raise ValueError(f'the direction "{self.name}" holds a number that is not finite')


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A named place in the latent: bars near `z` sound like its name."""

    name: str
    z: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.z or not _finite(self.z):
            raise ValueError(f'the place "{self.name}" holds a number that is not finite, or none')


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounding:
    """What storing the weights at half precision changed, over the golden inputs; zeros where they are stored whole.

    `flips`: the share of onsets that came or went; `velocity` (0..1) and `offset` (steps): the largest differences
    where a stroke sounds before and after.
    """

    flips: float = 0.0
    velocity: float = 0.0
    offset: float = 0.0

    def __post_init__(self) -> None:
        if not _finite((self.flips, self.velocity, self.offset)):
            raise ValueError("what rounding changed is told by a number that is not finite")


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """One exported snapshot: its file in the preset's folder, the file's hash, and how it scored.

    `parity`: the largest difference between the file and the net with the same weights, over the golden inputs.
    `macros`: ways that keep their promise in the mean over bars, `directions` those that do from most places.
    """

    number: int
    file: str
    sha256: str
    bytes: int
    parity: float
    rounding: Rounding = Rounding()
    scores: dict[str, float] = field(default_factory=dict)
    directions: tuple[Direction, ...] = ()
    places: tuple[Place, ...] = ()
    macros: tuple[Direction, ...] = ()

    def axes(self, pad: int) -> tuple[Direction, ...]:
        """The pad's two axes: the first directions for pad 0, pairs of macros for those after it; none where there are
        none."""
        return self.directions[:2] if pad == 0 else self.macros[2 * pad - 2 : 2 * pad]

    def __post_init__(self) -> None:
        if not 0 <= self.number <= 1_000_000:
            raise ValueError(f"epoch {self.number} is not in 0..1000000")
        if not _FILE.fullmatch(self.file):
            raise ValueError(f'epoch {self.number}: the file "{self.file}" is not a plain name like epoch-012.onnx')
        if not _SHA256.fullmatch(self.sha256):
            raise ValueError(f"epoch {self.number}: its sha256 is not 64 hexadecimal digits")
        if self.bytes < 1 or not _finite((self.parity, *self.scores.values())):
            raise ValueError(f"epoch {self.number}: its size, parity or scores are not numbers that can be")


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedFile:
    """Weights that the nets of some epochs have in common, in a file of their own: such an epoch's net is its file with
    these. Where none are named, it is all."""

    file: str
    sha256: str
    bytes: int
    epochs: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not _FILE.fullmatch(self.file) or not _SHA256.fullmatch(self.sha256) or self.bytes < 1:
            raise ValueError("the shared weights: file, sha256 or bytes are not what they can be")

    def __contains__(self, number: int) -> bool:
        """Whether an epoch's net needs them."""
        return number in self.epochs or not self.epochs


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderFile:
    """The net that goes the way back, from a bar to its place: its file, the file's hash, and the epochs that it knows,
    in the order of its input.

    `parity`: as an epoch's, with the same weights. `scores`: of held-out bars at the best epoch, `onsets` the share
    (F1) of onsets that the bar found for them has in common with them, `alone` the same without a search.
    """

    file: str
    sha256: str
    bytes: int
    parity: float
    epochs: tuple[int, ...]
    scores: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _FILE.fullmatch(self.file):
            raise ValueError(f'the encoder: the file "{self.file}" is not a plain name like encoder.onnx')
        if not _SHA256.fullmatch(self.sha256):
            raise ValueError("the encoder: its sha256 is not 64 hexadecimal digits")
        if self.bytes < 1 or not _finite((self.parity, *self.scores.values())):
            raise ValueError("the encoder: its size, parity or scores are not numbers that can be")
        if not self.epochs or list(self.epochs) != sorted(set(self.epochs)):
            raise ValueError("the encoder must know epochs, once each and in order")

    def input_of(self, epoch: int) -> int:
        """The place in the input of an epoch, or of the nearest that it knows, the earlier of two."""
        return min(range(len(self.epochs)), key=lambda index: (abs(self.epochs[index] - epoch), index))


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A preset, whole."""

    schema: int
    name: str
    title: str
    licence: str
    attribution: str
    recipe: str
    best_epoch: int
    model: ModelContract
    conditions: Conditions
    epochs: tuple[Epoch, ...]
    prior: Prior = Prior()
    encoder: EncoderFile | None = None
    shared: SharedFile | None = None
    training: dict[str, str | int | float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        numbers = [epoch.number for epoch in self.epochs]
        files = [file.lower() for file in self.files]
        if self.schema != SCHEMA:
            raise ValueError(f"schema {self.schema}, where this version reads {SCHEMA}")
        if not is_preset_name(self.name):
            raise ValueError(f'the name "{self.name}" is not made of lower-case letters, digits, - and _')
        if not numbers or numbers != sorted(set(numbers)):
            raise ValueError("the epochs must be there, once each and in order")
        if len(set(files)) != len(files):
            raise ValueError("two nets share a file")
        if self.best_epoch not in numbers:
            raise ValueError(f"best_epoch {self.best_epoch} is not among the epochs {numbers}")
        sizes = {len(place.z) for epoch in self.epochs for place in epoch.places}
        sizes |= {len(way.vector) for epoch in self.epochs for way in epoch.macros}
        if sizes - {self.model.latent_dim}:
            raise ValueError(f"a place or a macro in the latent doesn't have {self.model.latent_dim} numbers")
        if any(not 0 <= style < len(self.model.styles) for style in self.prior.style):
            raise ValueError("the prior names a style that the model doesn't have")
        _ = self.encoder_contract

    @property
    def files(self) -> tuple[str, ...]:
        """The names of the nets' files, the epochs' first."""
        return (*(epoch.file for epoch in self.epochs), *(more.file for more in (self.encoder, self.shared) if more))

    @property
    def encoder_contract(self) -> EncoderContract | None:
        """Of the encoder, where there is one."""
        return EncoderContract(model=self.model, epochs=len(self.encoder.epochs)) if self.encoder else None

    def epoch(self, number: int) -> Epoch:
        """Raises KeyError where there is no such epoch."""
        for epoch in self.epochs:
            if epoch.number == number:
                return epoch
        raise KeyError(number)
