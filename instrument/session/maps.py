"""What each controller was taught: a map from targets to sources, kept as one TOML file for each controller.

One target has one source in a map, and one source one target: what is learnt later wins. Files are the player's to
edit, so they are checked as any stranger's; one that can't be used is told, left as it is, and the others count.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import tomli_w
from platformdirs import user_config_path

from instrument.errors import DataError, UsageError, nearest
from instrument.files import write_atomic
from instrument.session.sources import LARGEST_NUMBER, Kind, Source, refusal
from instrument.session.takeover import Mode
from instrument.session.targets import target_of
from instrument.text import printable

SCHEMA = 1
LARGEST_FILE = 2**16
MOST_FILES = 256
LONGEST_NAME = 200
KEYS = ("schema", "controller", "takeover", "feedback", "learned")
BINDING_KEYS = ("source", "channel", "number", "takeover")
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """`takeover` None: as the whole map's."""

    source: Source
    takeover: Mode | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerMap:
    """`controller`: the port's name, "" for all that can't be told apart. `feedback`: its motors and lights follow."""

    controller: str = ""
    takeover: Mode = Mode.PICKUP
    feedback: bool = False
    learned: Mapping[str, Binding] = field(default_factory=dict)

    def with_source(self, target: str, source: Source) -> ControllerMap:
        """The target's source, taken from whatever else had it."""
        before = self.learned.get(target)
        others = {id: binding for id, binding in self.learned.items() if binding.source != source and id != target}
        takeover = before.takeover if before else None
        return replace(self, learned={**others, target: Binding(source=source, takeover=takeover)})

    def without(self, target: str) -> ControllerMap:
        return replace(self, learned={id: binding for id, binding in self.learned.items() if id != target})

    def target(self, source: Source) -> str:
        """The id of what a source turns or presses, or ""."""
        return next((id for id, binding in self.learned.items() if binding.source == source), "")

    def is_pair(self, channel: int, number: int) -> bool:
        pair = Source(kind=Kind.CC14, channel=channel, number=number)
        return any(binding.source == pair for binding in self.learned.values())

    def mode(self, target: str) -> Mode:
        return self.learned[target].takeover or self.takeover


def maps_folder() -> Path:
    return user_config_path("ghostnote") / "controllers"


def load_maps(folder: Path) -> tuple[dict[str, tuple[Path, ControllerMap]], list[str]]:
    """By controller, each map with its file; and what is wrong with those that can't be used, a line each."""
    maps: dict[str, tuple[Path, ControllerMap]] = {}
    complaints = []
    for file in sorted(folder.glob("*.toml"))[:MOST_FILES]:
        try:
            found = parse_map(_read(file), printable(file.name))
            if found.controller in maps:
                other = printable(maps[found.controller][0].name)
                raise DataError(f"{printable(file.name)} is for the same controller as {other}: one of them must go")
            maps[found.controller] = file, found
        except DataError as error:
            complaints.append(str(error))
    return maps, complaints


def keep_map(file: Path, controller_map: ControllerMap) -> None:
    """Raises DataError where the folder can't be written."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"can't write {printable(str(file))}: {error.strerror}") from error
    write_atomic(file, dump_map(controller_map))


def new_file(folder: Path, controller: str, taken: Collection[Path] = ()) -> Path:
    """A file that isn't there yet and isn't taken, called as the controller is."""
    stem = re.sub(r"[^a-z0-9]+", "-", controller.lower()).strip("-")[:60] or "any-controller"
    names = (f"{stem}{f'-{count}' if count > 1 else ''}.toml" for count in range(1, 1000))
    return next(file for name in names if not ((file := folder / name).exists() or file in taken))


def dump_map(controller_map: ControllerMap) -> bytes:
    learned = {
        id: {
            "source": binding.source.kind.value,
            "channel": binding.source.channel + 1,
            "number": binding.source.number,
            **({"takeover": binding.takeover.value} if binding.takeover else {}),
        }
        for id, binding in controller_map.learned.items()
    }
    head = {"schema": SCHEMA, "controller": controller_map.controller}
    habits = {"takeover": controller_map.takeover.value, "feedback": controller_map.feedback}
    return tomli_w.dumps({**head, **habits, "learned": learned}).encode()


def parse_map(data: bytes, source: str) -> ControllerMap:
    """The map in the bytes of a file that is called `source`. Raises DataError, one line."""
    try:
        plain = tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{source} is not TOML: {printable(str(error), 200)}") from error
    try:
        return _map(plain)
    except (ValueError, UsageError) as error:
        raise DataError(f"{source} is no map of a controller: {printable(str(error), 300)}") from error


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            data = opened.read(LARGEST_FILE + 1)
    except OSError as error:
        raise DataError(f"can't read {printable(file.name)}: {error.strerror}") from error
    if len(data) > LARGEST_FILE:
        raise DataError(f"{printable(file.name)} is larger than a map can be ({LARGEST_FILE} bytes)")
    return data


def _map(plain: dict[str, Any]) -> ControllerMap:
    _refuse_strangers(plain, KEYS)
    if plain.get("schema") != SCHEMA:
        raise ValueError(f"its schema is not {SCHEMA}")
    controller = _typed(plain, "controller", str, "")
    if len(controller) > LONGEST_NAME:
        raise ValueError(f"the controller's name is longer than {LONGEST_NAME}")
    result = ControllerMap(
        controller=controller,
        takeover=_one_of(Mode, "takeover", _typed(plain, "takeover", str, Mode.PICKUP.value)),
        feedback=_typed(plain, "feedback", bool, False),
    )
    learned: dict[str, Binding] = {}
    for id, table in _typed(plain, "learned", dict, {}).items():
        target_of(id)
        learned[id] = _binding(id, table)
    for twice in _twice(learned.items()):
        raise ValueError(f"{twice} are learnt from the same source")
    return replace(result, learned=learned)


def _binding(id: str, table: Any) -> Binding:
    if not isinstance(table, dict):
        raise ValueError(f"learned.{id} is not a table")
    _refuse_strangers(table, BINDING_KEYS)
    kind = _one_of(Kind, "source", _typed(table, "source", str, ""))
    channel = _within(table, "channel", 1, 16)
    number = _within(table, "number", 0, LARGEST_NUMBER[kind]) if kind is not Kind.BEND or "number" in table else 0
    source = Source(kind=kind, channel=channel - 1, number=number)
    if reason := refusal(source):
        raise ValueError(f"learned.{id}: {reason}")
    takeover = _typed(table, "takeover", str, "")
    return Binding(source=source, takeover=_one_of(Mode, "takeover", takeover) if takeover else None)


def _twice(learned: Iterable[tuple[str, Binding]]) -> Iterable[str]:
    seen: dict[Source, str] = {}
    for id, binding in learned:
        if binding.source in seen:
            yield f"{seen[binding.source]} and {id}"
        seen[binding.source] = id


def _refuse_strangers(table: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for name in table:
        if name not in known:
            raise ValueError(f'there is no key "{name}"{nearest(name, known)}')


def _typed(table: Mapping[str, Any], name: str, kind: type[T], default: T) -> T:
    value = table.get(name, default)
    if not isinstance(value, kind):
        raise ValueError(f"{name} is not {'a table' if kind is dict else kind.__name__}")
    return value


def _within(table: Mapping[str, Any], name: str, low: int, high: int) -> int:
    value = table.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"{name} {value!r} is not a whole number in {low}..{high}")
    return value


E = TypeVar("E", Kind, Mode)


def _one_of(kind: type[E], name: str, word: str) -> E:
    words = [member.value for member in kind]
    if word not in words:
        raise ValueError(f'{name} "{word}"{nearest(word, words)} is none of {", ".join(words)}')
    return kind(word)
