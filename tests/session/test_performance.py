"""A performance with a real engine and no port."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import mido
import numpy as np
import pytest

from instrument.core.bar import Bar
from instrument.core.drums import GM_KIT
from instrument.core.timebase import BAR_TICKS
from instrument.engine.messages import Config
from instrument.errors import UsageError
from instrument.model.store import load_preset
from instrument.session import recall
from instrument.session.composer import Composer
from instrument.session.folders import Folders
from instrument.session.knobs import settled
from instrument.session.performance import Performance
from instrument.session.port_settings import offset_ms
from instrument.session.view import Knobs
from presets import FLAGSHIP

CONFIG = Config(backend="none", client_name="Test", port_name="out", in_port="", tempo_bpm=300, journal=True)
PATIENCE_S = 20.0


@pytest.fixture
def performance(tmp_path: Path) -> Iterator[Performance]:
    preset = load_preset("groove")
    knobs = Knobs(epoch=preset.resolve_epoch("best"))
    performance = Performance(Composer(preset, GM_KIT, 7), knobs, CONFIG, folders=folders(tmp_path))
    yield performance
    performance.close()


def folders(path: Path) -> Folders:
    return Folders(captures=path, snapshots=path / "snapshots.toml")


def same(one: Bar, other: Bar) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("onset", "velocity", "offset"))


def wait(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_a_turned_knob_shows_at_once_and_is_heard_in_this_bar(performance: Performance) -> None:
    performance.play()
    wait(lambda: (status := performance.status) is not None and status.playing and status.revision >= 0)
    before = performance.view().now
    performance.turn(density=0.95)
    assert performance.view().knobs.density == 0.95
    wait(lambda: (status := performance.status) is not None and status.revision >= 1)
    assert performance.view().now is not before


def test_a_wrong_turn_leaves_everything_as_it_was(performance: Performance) -> None:
    before = performance.view().knobs
    for wrong in ({"density": 2.0}, {"style": "polka"}, {"epoch": 3}, {"nonsense": 1}):
        with pytest.raises(ValueError, match=r"not|no "):
            performance.turn(**wrong)
    assert performance.view().knobs == before


def test_new_z_and_undo(performance: Performance) -> None:
    performance.turn(x=0.5)
    performance.new_z()
    assert (performance.view().knobs.home, performance.view().knobs.x) == (1, 0.0)
    performance.undo()
    assert (performance.view().knobs.home, performance.view().knobs.x) == (0, 0.5)
    performance.redo()
    assert performance.view().knobs.home == 1


def test_a_fill_comes_up_to_the_next_downbeat_and_is_disarmed(performance: Performance) -> None:
    performance.fill()
    assert performance.view().fill_in == 0
    performance.fill()
    assert performance.view().fill_in == -1


def test_a_frozen_bar_repeats_while_all_is_turned_and_undo_thaws_it(performance: Performance) -> None:
    performance.play()
    wait(lambda: (status := performance.status) is not None and status.bar >= 1)
    performance.freeze()
    performance.turn(density=0.9, home=4)
    wait(lambda: (view := performance.view()).now is not None and view.next is not None and view.knobs.frozen)
    wait(lambda: (view := performance.view()).next is not None and view.now is not None and same(view.now, view.next))
    performance.freeze()
    assert not performance.view().knobs.frozen


def test_a_code_brings_the_bar_back_in_another_performance(performance: Performance, tmp_path: Path) -> None:
    performance.turn(density=0.7, swing=57.0, muted=frozenset({7}))
    performance.play()
    wait(lambda: (status := performance.status) is not None and status.bar >= 1 and performance.view().code != "")
    performance.freeze()
    wait(lambda: (view := performance.view()).knobs.frozen and view.now is not None and bool(view.code))
    view = performance.view()
    preset = load_preset("groove")
    knobs = Knobs(epoch=preset.resolve_epoch("best"))
    other = Performance(Composer(preset, GM_KIT, 1), knobs, CONFIG, folders=folders(tmp_path))
    try:
        with pytest.raises(ValueError, match="no recall code"):
            other.recall_code("nonsense")
        other.recall_code(view.code.lower())
        other.play()
        wait(lambda: (now := other.view().now) is not None and view.now is not None and same(now, view.now))
    finally:
        other.close()


def test_a_code_is_followed_to_the_preset_that_it_was_made_with(tmp_path: Path) -> None:
    groove, flagship = load_preset("groove").manifest, load_preset(FLAGSHIP)
    epoch = groove.best_epoch
    code = recall.encode(groove, settled(Knobs(epoch=epoch), 7, "groove"), 3)
    knobs = Knobs(epoch=flagship.resolve_epoch("best"))
    composer = Composer(flagship, GM_KIT, 1, load_preset, lambda: ["groove"])
    other = Performance(composer, knobs, CONFIG, folders=folders(tmp_path))
    try:
        other.recall_code(code)
        found = other.view().knobs
        assert (found.preset, found.epoch, found.frozen) == ("groove", epoch, True)
    finally:
        other.close()


def test_snapshots_are_kept_in_the_file_and_taken_up_later(tmp_path: Path) -> None:
    preset = load_preset("groove")

    def begin(seed: int) -> Performance:
        knobs = Knobs(epoch=preset.resolve_epoch("best"))
        return Performance(Composer(preset, GM_KIT, seed), knobs, CONFIG, folders=folders(tmp_path))

    first = begin(3)
    first.turn(density=0.8)
    first.store(1)
    first.close()
    second = begin(4)
    try:
        wait(lambda: second.view().snapshots[1])
        with pytest.raises(ValueError, match="nothing is kept in A"):
            second.recall(0)
        second.recall(1)
        wait(lambda: second.view().knobs.density == 0.8)
        assert second.view().knobs.seed == 3
    finally:
        second.close()


def test_the_last_bars_are_captured_after_the_fact(performance: Performance, tmp_path: Path) -> None:
    performance.capture_last(2)
    performance.capture()
    wait(lambda: performance.view().told.trouble)
    assert "nothing has been played" in performance.view().told.text
    performance.play()
    wait(lambda: (status := performance.status) is not None and status.bar >= 3)
    performance.capture()
    wait(lambda: "2 bars captured" in performance.view().told.text)
    (file,) = tmp_path.glob("*.mid")
    assert file.name in performance.view().told.text
    found = mido.MidiFile(file)
    assert round(sum(message.time for message in found.tracks[0])) == 2 * BAR_TICKS
    assert [message.type for message in found.tracks[0]].count("text") == 2


def test_panic_stops_and_leaves_nothing_sounding(performance: Performance) -> None:
    performance.play()
    wait(lambda: (status := performance.status) is not None and status.held > 0)
    performance.panic()
    assert not performance.view().playing
    wait(lambda: (status := performance.status) is not None and not status.playing and status.held == 0)


def test_closing_twice_is_harmless(performance: Performance) -> None:
    performance.close()
    performance.close()


def test_a_style_that_is_not_there_starts_no_engine() -> None:
    preset = load_preset("groove")
    with pytest.raises(UsageError, match="style"):
        Performance(Composer(preset, GM_KIT, 7), Knobs(epoch=1, style="polka"), CONFIG)


def test_while_a_midi_clock_leads_the_tempo_is_refused_and_nothing_plays_before_it_does() -> None:
    preset = load_preset("groove")
    config = replace(CONFIG, follow_clock=True, follow_transport=True)
    led = Performance(Composer(preset, GM_KIT, 7), Knobs(epoch=preset.resolve_epoch("best")), config)
    try:
        led.play()
        wait(lambda: led.view().health.clock.sync == "midi")
        view = led.view()
        assert (view.sync, view.playing, view.health.clock.state) == ("midi", False, "no clock")
        with pytest.raises(ValueError, match="MIDI clock"):
            led.set_tempo(100)
        assert led.view().tempo_bpm == CONFIG.tempo_bpm
    finally:
        led.close()


def test_a_nudge_is_shown_refused_beyond_a_second_and_kept_for_the_port(
    performance: Performance, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "ports.toml"
    monkeypatch.setattr("instrument.session.port_settings.settings_file", lambda: file)
    performance.nudge(3)
    performance.nudge(-1)
    wait(lambda: performance.view().health.clock.nudge_ms == 2)
    with pytest.raises(ValueError, match="1002"):
        performance.nudge(1000)
    performance.keep_nudge()
    wait(lambda: performance.view().health.clock.nudge_ms == 0 and file.exists())
    assert offset_ms(performance.ready.out_port, file) == 2
