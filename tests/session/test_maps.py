"""Maps of controllers as files: what is kept is found again, and nothing in a file is trusted."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.errors import DataError
from instrument.session.maps import (
    LARGEST_FILE,
    Binding,
    ControllerMap,
    dump_map,
    keep_map,
    load_maps,
    new_file,
    parse_map,
)
from instrument.session.sources import LARGEST_NUMBER, Kind, Source, refusal
from instrument.session.takeover import Mode
from instrument.session.targets import TARGETS

SOURCES = st.builds(
    lambda kind, channel, number: Source(kind=kind, channel=channel, number=number % (LARGEST_NUMBER[kind] + 1)),
    st.sampled_from(list(Kind)),
    st.integers(0, 15),
    st.integers(0, 127),
).filter(lambda source: not refusal(source))
BINDINGS = st.builds(Binding, source=SOURCES, takeover=st.none() | st.sampled_from(list(Mode)))
MAPS = st.builds(
    ControllerMap,
    controller=st.text(st.characters(exclude_categories=["Cs"]), max_size=200),
    takeover=st.sampled_from(list(Mode)),
    feedback=st.booleans(),
    learned=st.lists(
        st.tuples(st.sampled_from([*TARGETS, "preset:ticks-1000"]), BINDINGS),
        unique_by=(lambda pair: pair[0], lambda pair: pair[1].source),
        max_size=8,
    ).map(dict),
)
HEAD = 'schema = 1\ncontroller = "A"\n'
CC = '[learned.density]\nsource = "cc"\nchannel = 1\nnumber = 74\n'


@given(MAPS)
def test_a_map_comes_back_as_it_was(learned: ControllerMap) -> None:
    assert parse_map(dump_map(learned), "a.toml") == learned


@given(st.lists(st.tuples(st.sampled_from(list(TARGETS)), SOURCES), max_size=20))
def test_what_is_learnt_later_wins(steps: list[tuple[str, Source]]) -> None:
    learned = ControllerMap()
    for id, source in steps:
        learned = learned.with_source(id, source)
        assert learned.target(source) == id
        assert len({binding.source for binding in learned.learned.values()}) == len(learned.learned)
    for id, _ in steps:
        learned = learned.without(id)
    assert not learned.learned


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("schema = 2", "its schema is not 1"),
        ("schema = 1\n[[", "is not TOML"),
        ("schema = 1\ncontroler = 'x'", 'no key "controler" (did you mean "controller"?)'),
        ("schema = 1\ncontroller = 3", "controller is not str"),
        ("schema = 1\nfeedback = 'yes'", "feedback is not bool"),
        ("schema = 1\ntakeover = 'pikup'", 'takeover "pikup" (did you mean "pickup"?) is none of pickup, jump, scale'),
        (HEAD + "learned = 3", "learned is not a table"),
        (HEAD + "learned.density = 3", "learned.density is not a table"),
        (
            HEAD + CC.replace("density", "densty"),
            'nothing called "densty" to turn or to press (did you mean "density"?)',
        ),
        (HEAD + CC.replace("cc", "cx"), 'source "cx"'),
        (HEAD + CC.replace("1\n", "17\n"), "channel 17 is not a whole number in 1..16"),
        (HEAD + CC.replace("1\n", "true\n"), "channel True"),
        (HEAD + CC.replace("74", "128"), "number 128"),
        (HEAD + CC.replace("74", "0"), "cc0 chooses banks"),
        (HEAD + CC + "knob = 3", 'no key "knob"'),
        (HEAD + CC + CC.replace("density", "swing"), "density and swing are learnt from the same source"),
        ("schema = " + "9" * 5000, "a.toml"),
        ('schema = 1\n"\\u001b[2J" = 3', "there is no key"),
    ],
)
def test_a_damaged_file_is_refused_in_one_clear_line(content: str, words: str) -> None:
    with pytest.raises(DataError) as caught:
        parse_map(content.encode(), "a.toml")
    assert words in str(caught.value)
    assert str(caught.value).startswith("a.toml ")
    assert str(caught.value).isprintable()


@given(st.binary(max_size=200))
def test_no_bytes_break_it(data: bytes) -> None:
    with pytest.raises(DataError):
        parse_map(data, "a.toml")


@given(MAPS, st.data())
def test_no_damage_breaks_it(learned: ControllerMap, draw: st.DataObject) -> None:
    data = bytearray(dump_map(learned))
    for _ in range(draw.draw(st.integers(1, 4))):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    with suppress(DataError):
        parse_map(bytes(data), "a.toml")


def test_files_that_cannot_be_used_are_told_and_the_others_count(tmp_path: Path) -> None:
    keep_map(tmp_path / "deep" / "b.toml", ControllerMap(controller="B"))
    folder = tmp_path / "deep"
    (folder / "huge.toml").write_bytes(b"#" * (LARGEST_FILE + 1))
    (folder / "twice.toml").write_text('schema = 1\ncontroller = "B"', encoding="utf-8")
    (folder / "a-folder.toml").mkdir()
    maps, complaints = load_maps(folder)
    assert list(maps) == ["B"]
    assert [complaint.partition(" ")[0] for complaint in complaints] == ["can't", "huge.toml", "twice.toml"]
    assert load_maps(tmp_path / "nowhere") == ({}, [])


def test_a_file_is_called_as_its_controller_is(tmp_path: Path) -> None:
    first = new_file(tmp_path, "../Launchkey [20] (capture): MIDI 1")
    assert first == tmp_path / "launchkey-20-capture-midi-1.toml"
    first.touch()
    assert new_file(tmp_path, "launchkey 20 capture midi 1", (tmp_path / "launchkey-20-capture-midi-1-2.toml",)) == (
        tmp_path / "launchkey-20-capture-midi-1-3.toml"
    )
    assert new_file(tmp_path, "\u00fc\u00fc").name == "any-controller.toml"


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="can't write"):
        keep_map(tmp_path / "file" / "a.toml", ControllerMap())
