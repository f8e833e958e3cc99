from __future__ import annotations

import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from instrument.errors import DataError
from tests.training.midi import groove as strokes
from tests.training.midi import write_info, write_midi
from training import features, groove
from training.cutting import BarCut
from training.midi_file import UnusableFileError, parse_drums, read_drums

END = b"\x00\xff\x2f\x00"


def header(form: int = 0, tracks: int = 1, division: int = 480) -> bytes:
    return b"MThd" + struct.pack(">IHHH", 6, form, tracks, division)


def chunk(events: bytes) -> bytes:
    return b"MTrk" + struct.pack(">I", len(events)) + events


DAMAGED = {
    "empty": b"",
    "a megabyte of 0xFF": b"\xff" * 2**20,
    "a track of 0xFF": header() + chunk(b"\xff" * 2**20),
    "65,535 declared tracks": header(1, 65535) + chunk(END),
    "a header alone": header(),
    "half a header": b"MThd\x00\x00\x00\x06\x00",
    "a length beyond the end": header() + b"MTrk\xff\xff\xff\xff\x00\x99\x24\x40",
    "an event beyond the end": header() + chunk(b"\x00\xff\x01\xff\xff\xff\x7f"),
    "frames for time": header(division=0xE728) + chunk(b"\x00\x99\x24\x40\x10\x24\x00" + END),
    "no ticks": header(division=0) + chunk(b"\x00\x99\x24\x40\x10\x24\x00" + END),
    "no notes": header() + chunk(END),
    "two hours of silence in it": header()
    + chunk(b"\x00\x99\x24\x40\x01\x24\x00" + b"\xff\xff\xff\x7f\x24\x40\x01\x24\x00" * 20 + END),
    "notes of no voice": header() + chunk(b"\x00\x99\x7f\x40\x10\x7f\x00" + END),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_files_are_refused_at_little_cost(name: str) -> None:
    tracemalloc.start()
    with pytest.raises(UnusableFileError) as error:
        parse_drums(DAMAGED[name])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert str(error.value).isprintable()
    assert peak < 200 * 2**20


def test_a_file_cut_anywhere_gives_hits_or_a_reason(tmp_path: Path) -> None:
    write_midi(tmp_path / "a.mid", strokes(2, 0))
    whole = (tmp_path / "a.mid").read_bytes()
    for length in range(0, len(whole), 7):
        with pytest.raises(UnusableFileError):
            parse_drums(whole[:length])


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.mid"
    with path.open("wb") as file:
        file.write(header() + b"MTrk")
        file.truncate(5 * 2**20)
    with pytest.raises(UnusableFileError, match="larger than 4 MiB"):
        read_drums(path)


def test_other_resolutions_come_to_480_ticks(tmp_path: Path) -> None:
    write_midi(tmp_path / "a.mid", strokes(3, 1, ppq=480))
    write_midi(tmp_path / "b.mid", strokes(3, 1, ppq=96), ppq=96)
    a, b = read_drums(tmp_path / "a.mid"), read_drums(tmp_path / "b.mid")
    assert np.array_equal(a.hits.tick, b.hits.tick)
    assert np.array_equal(a.hits.velocity, b.hits.velocity)


def test_unmapped_notes_are_counted(tmp_path: Path) -> None:
    write_midi(tmp_path / "a.mid", [(0, 36, 90), (480, 100, 90), (960, 38, 90)])
    track = read_drums(tmp_path / "a.mid")
    assert (len(track.hits), track.unmapped) == (2, 1)


def test_a_lone_track_on_another_channel_is_taken_for_drums(tmp_path: Path) -> None:
    write_midi(tmp_path / "a.mid", strokes(1, 0), channel=0)
    assert len(read_drums(tmp_path / "a.mid").hits) == 13


def test_a_listed_folder_keeps_style_fill_and_split(folder: Path, cache: Path) -> None:
    data = groove.load(folder, BarCut(), cache=cache)
    assert data.styles == ("funk", "rock")
    assert data.windows() == {"train": 48, "validation": 24, "test": 0}
    assert data.fill[data.performance == 1].all()
    assert not data.fill[data.performance == 3].any()
    assert data.position[data.performance == 2].tolist() == list(range(12))
    assert set(data.tempo_bpm.tolist()) == {100.0}
    assert data.report.skipped == ()


def test_each_unusable_file_is_named_with_its_reason(folder: Path, cache: Path) -> None:
    (folder / "broken.mid").write_bytes(DAMAGED["a track of 0xFF"])
    write_midi(folder / "waltz.mid", strokes(1, 0), meter=(3, 4))
    tail = ["", "1.0", "train"]
    good = ["d", "s", "1", "rock", "100", "beat", "4-4"]
    rows = [[*good, f"drummer1/session1/{n}.mid", "", "1.0", ["train", "validation"][n % 2]] for n in range(4)]
    rows += [[*good, name, *tail] for name in ("broken.mid", "waltz.mid", "gone.mid", "../out.mid")]
    rows.append(["d", "s", "1", "rock", "100", "beat", "6-8", "drummer1/session1/5.mid", *tail])
    write_info(folder, rows)
    skipped = {skip.file: skip.reason for skip in groove.load(folder, BarCut(), cache=cache).report.skipped}
    assert skipped["broken.mid"].startswith("broken MIDI")
    assert skipped["waltz.mid"] == "in 3/4, not 4/4"
    assert skipped["gone.mid"] == "no such file"
    assert skipped["../out.mid"] == "its path leaves the folder"
    assert skipped["drummer1/session1/5.mid"] == "in 6/8, not 4/4"
    assert len(skipped) == 5


def test_any_folder_tree_is_split_by_the_hash_of_its_files(tmp_path: Path, cache: Path) -> None:
    for number in range(12):
        write_midi(tmp_path / "songs" / f"{number % 3}" / f"{number}.MID", strokes(4, number))
    data = groove.load(tmp_path / "songs", BarCut(), cache=cache)
    assert data.styles == ("any",)
    assert data.windows()["train"] + data.windows()["validation"] == 48
    assert 4 <= data.windows()["validation"] <= 20
    renamed = tmp_path / "renamed"
    (tmp_path / "songs").rename(renamed)
    assert groove.load(renamed, BarCut(), cache=cache).windows() == data.windows()


@pytest.mark.parametrize("kind", ["missing", "empty", "a file", "only broken", "not the list"])
def test_a_folder_without_data_is_one_clear_line(kind: str, tmp_path: Path, cache: Path) -> None:
    place = tmp_path / "data"
    if kind == "a file":
        place.write_bytes(b"")
    elif kind != "missing":
        place.mkdir()
    if kind == "only broken":
        (place / "a.mid").write_bytes(b"nothing")
    if kind == "not the list":
        (place / "info.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError) as error:
        groove.load(place, BarCut(), cache=cache)
    assert str(place) in str(error.value)
    assert "\n" not in str(error.value)


def test_one_file_is_too_little_to_validate(tmp_path: Path, cache: Path) -> None:
    write_midi(tmp_path / "one" / "a.mid", strokes(4, 0))
    with pytest.raises(DataError, match="two or more"):
        features.scales(groove.load(tmp_path / "one", BarCut(), cache=cache))


def test_silent_bars_are_left_out_of_training(tmp_path: Path, cache: Path) -> None:
    late = [(tick + 2 * 1920, note, velocity) for tick, note, velocity in strokes(2, 0)]
    for name in ("a", "b"):
        write_midi(tmp_path / "d" / f"{name}.mid", [*strokes(1, ord(name)), *late])
    data = groove.load(tmp_path / "d", BarCut(), cache=cache)
    assert len(data) == 8
    assert len(data.rows("train")) == 3
