"""What ships, and that playing it needs no torch."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.core.drums import DRUM_CHANNEL, GM_KIT, NOTES_OF_VOICE, Voice
from instrument.errors import DataError, UsageError
from instrument.model.onnx import golden_inputs
from instrument.model.store import Places, check_preset, list_presets, load_preset
from instrument.session.kits import list_kits, load_kit, parse_kit
from instrument.text import printable

ROOT = Path(__file__).parents[2]
GM = (ROOT / "presets" / "kits" / "gm.toml").read_text()

SHIPPED = [row.name for row in list_presets(Places(own=ROOT / "nothing", cache=None))]

PLAY = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"torch", "training", "export", "onnx", "textual"}:
            raise ImportError(name + " is not for playing")
sys.meta_path.insert(0, Refuse())
from instrument.model.store import load_preset
from instrument.model.onnx import golden_inputs
preset = load_preset(sys.argv[1])
model = preset.model(preset.resolve_epoch("best"))
rows = zip(*golden_inputs(model.contract, 8)[:3])
hits = sum(model.bar_at(0, z[None], *rest).onset.sum() for z, *rest in rows)
print(int(hits))
"""


def test_a_preset_ships() -> None:
    assert "groove" in SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_what_ships_passes_its_own_check(name: str) -> None:
    report = check_preset(name, Places(own=ROOT / "nothing", cache=None))
    assert report.ok, report
    assert report.strangers == ()


@pytest.mark.parametrize("name", SHIPPED)
def test_what_ships_says_where_it_comes_from_and_plays_drums(name: str) -> None:
    preset = load_preset(name)
    assert "Groove MIDI Dataset" in preset.manifest.attribution
    assert preset.manifest.licence == "CC-BY-4.0"
    assert len(preset.manifest.prior) == 512
    z, style, *_ = golden_inputs(preset.manifest.model, 64)
    scale = preset.manifest.conditions.density
    model = preset.model(preset.resolve_epoch("best"))
    hits = []
    for knob in (0.1, 0.5, 0.9):
        condition = np.array([0, scale.value(knob), 0], np.float32)
        bars = [
            model.bar_at(k, np.stack([z[n % 64] for n in model.latents(k)]), style[k], condition) for k in range(60)
        ]
        hits.append(np.mean([bar.onset.sum() for bar in bars]))
    assert 1 < hits[0] < hits[1] < hits[2] < 60


def test_playing_needs_no_torch() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PLAY, SHIPPED[0]], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stderr == ""
    assert int(done.stdout) > 0


def test_the_kit_maps_that_ship() -> None:
    assert set(list_kits()) >= {"gm", "td", "ad2", "ezdrummer", "superior", "rack", "elektron"}
    assert load_kit("gm") == GM_KIT
    for name in list_kits():
        kit = load_kit(name)
        assert kit.name == name
        assert len({(target.channel, target.note) for target in kit.targets}) == len(Voice)
    for name in ("gm", "td"):
        for voice, target in zip(Voice, load_kit(name).targets, strict=True):
            assert target.note in NOTES_OF_VOICE[voice]
            assert target.channel == DRUM_CHANNEL


def test_a_kit_map_of_ones_own(tmp_path: Path) -> None:
    text = GM.replace("channel = 10", "channel = 1").replace("{ note = 38 }", "{ note = 60, channel = 16 }")
    (tmp_path / "mine.toml").write_text(text)
    kit = load_kit(tmp_path / "mine.toml")
    assert kit.targets[Voice.SNARE] == replace(GM_KIT.targets[Voice.SNARE], note=60, channel=15)
    assert kit.targets[Voice.KICK].channel == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name = ", "not TOML"),
        (GM.replace("kick =", "kik ="), 'no "kik".*"kick"'),
        (GM.replace("note = 36", "nota = 36"), 'no "nota".*"note"'),
        (GM.replace("channel =", "chanel ="), '"channel"'),
        (GM.replace("kick = { note = 36 }\n", ""), "no note for kick"),
        (GM.replace("note = 36", "note = 128"), "128|<= 127"),
        (GM.replace("channel = 10", "channel = 17"), "<= 16"),
        (GM.replace("note = 36", 'note = "C1"'), "int"),
        (GM + "#" * 2**17, "at most"),
    ],
)
def test_a_kit_map_that_is_wrong_is_told_in_one_line_with_the_file(text: str, words: str) -> None:
    with pytest.raises(DataError, match=words) as caught:
        parse_kit(text.encode(), "kits/mine.toml")
    assert str(caught.value).startswith("kits/mine.toml")
    assert str(caught.value).isprintable()


def test_an_unknown_kit_map_is_told_with_the_nearest() -> None:
    with pytest.raises(UsageError, match='did you mean "gm"'):
        load_kit("gm2")


@given(st.text(), st.integers(1, 50))
def test_printable_text_is_one_line_that_can_be_seen(text: str, limit: int) -> None:
    shown = printable(text, limit)
    assert len(shown) <= limit
    assert shown.isprintable()
    assert printable(shown, limit) == shown


def test_escape_sequences_and_reading_direction_go() -> None:
    assert printable("a\x1b]0;b\x07\u202ec\td\u2028e") == "a]0;bc d e"
