"""Controllers at work: taught, taken over softly, told where their knobs are, kept in files."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from instrument.session.maps import ControllerMap, keep_map
from instrument.session.sources import Kind, Source
from instrument.session.takeover import Grip, Mode, take
from tests.session.hands_stand import Stand

TAUGHT = ("density", "swing", "epoch", "x", "fill", "build")
KNOBS = ("density", "swing", "epoch", "x")
PORTS = st.sampled_from(["A", "B"])
NUMBERS = st.integers(70, 74)
VALUES = st.integers(0, 127)
CHANNELS = {"A": 0, "B": 1}


def test_a_knob_is_taken_over_by_crossing_however_fast() -> None:
    stand = Stand()
    stand.teach("density", 74, 0)
    stand.move(74, 20)
    stand.move(74, 60)
    assert stand.place("density") == 0.5
    stand.move(74, 127)
    assert stand.place("density") == 1.0
    stand.move(74, 5)
    assert stand.place("density") == pytest.approx(5 / 127, abs=1e-6)


def test_whoever_else_turns_a_knob_takes_it_out_of_the_hand() -> None:
    stand = Stand()
    stand.teach("density", 74, 0)
    stand.move(74, 100)
    stand.music.turn(density=0.2)
    stand.move(74, 110)
    assert stand.place("density") == 0.2
    stand.move(74, 10)
    assert stand.place("density") == pytest.approx(10 / 127, abs=1e-6)


def test_a_pair_turns_in_fine_steps() -> None:
    stand = Stand()
    stand.hands.learn("density")
    for number, value in ((1, 0), (33, 1)):
        stand.move(number, value)
    stand.hands.leave()
    assert stand.hands.shown.label("density") == "cc1+33"
    for number, value in ((1, 64), (33, 127), (1, 65), (33, 3)):
        stand.move(number, value)
    assert stand.place("density") == pytest.approx((65 * 128 + 3) / 16383, abs=1e-6)


def test_pads_programs_and_pedals_press_once_and_build_lasts_while_it_is_held() -> None:
    stand = Stand()
    stand.teach("fill", 36, 90, kind=0x90)
    stand.teach("build", 64, 0)
    stand.teach("preset:ticks-1000", 9, kind=0xC0)
    stand.move(36, 1, kind=0x90)
    stand.move(36, 64, kind=0x80)
    for value in (10, 80, 127, 60, 30, 0):
        stand.move(64, value)
    stand.move(9, kind=0xC0)
    assert stand.music.done == ["fill", "build True", "build False", "ticks-1000"]


def test_a_program_picks_the_epoch_by_its_place_and_nothing_is_sent() -> None:
    stand = Stand(feedback=True)
    stand.move(2, kind=0xC0)
    assert stand.music.desk.knobs.epoch == 4
    stand.move(90, kind=0xC0)
    stand.move(91, kind=0xC0)
    assert stand.music.desk.knobs.epoch == 4
    assert len(stand.told) == 2
    assert "only 10 epochs" in stand.told[0]
    assert stand.feedback() == []


def test_what_the_session_refuses_is_told_once() -> None:
    stand = Stand()
    stand.teach("tempo", 20, 127)
    for value in (3, 90, 4, 91):
        stand.move(20, value)
    assert stand.told == ["the tempo is the MIDI clock's"]


def test_feedback_tells_what_others_turned_and_never_the_controllers_own_move() -> None:
    stand = Stand(feedback=True)
    stand.teach("density", 74, 0)
    assert stand.feedback() == [(0xB0, 74, 64)]
    stand.move(74, 100)
    assert stand.place("density") == pytest.approx(100 / 127, abs=1e-6)
    assert stand.feedback() == []
    stand.music.turn(density=0.25)
    assert stand.feedback() == [(0xB0, 74, 32)]
    assert stand.feedback() == []
    stand.move(74, 32)
    assert stand.place("density") == 0.25, "a motor's own word that it has arrived moves nothing"
    stand.move(74, 40)
    assert stand.place("density") == pytest.approx(40 / 127, abs=1e-6), "a motor that was put there has the knob"


def test_without_the_switch_nothing_is_sent_back(tmp_path: Path) -> None:
    stand = Stand()
    stand.teach("density", 74, 0)
    stand.music.turn(density=0.25)
    assert stand.feedback() == []
    source = Source(kind=Kind.CC, channel=0, number=74)
    keep_map(tmp_path / "a.toml", ControllerMap(controller="A", feedback=True).with_source("density", source))
    assert Stand(tmp_path).feedback() == [(0xB0, 74, 64)]


def test_what_was_learnt_is_there_the_next_time_and_each_controller_has_its_own(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    stand.teach("density", 74, 0, port="A")
    stand.teach("swing", 74, 0, port="B")
    later = Stand(tmp_path)
    later.move(74, 0, port="A")
    later.move(74, 127, port="A")
    assert (later.place("density"), later.place("swing")) == (1.0, 0.0)
    later.move(74, 127, port="C")
    assert later.place("swing") == 0.0
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.toml", "b.toml"]


def test_where_the_port_is_not_known_every_map_counts(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    stand.teach("density", 74, 0, port="A")
    stand.move(74, 127, port="")
    stand.move(74, 10, port="")
    assert stand.place("density") == pytest.approx(10 / 127, abs=1e-6)


def test_a_broken_file_is_told_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("schema = 1\ntakeovr = 3\n", encoding="utf-8")
    stand = Stand(tmp_path)
    assert stand.hands.complaints == [
        'a.toml is no map of a controller: there is no key "takeovr" (did you mean "takeover"?)'
    ]
    stand.teach("density", 74, 0, port="A")
    assert (tmp_path / "a.toml").read_text(encoding="utf-8") == "schema = 1\ntakeovr = 3\n"
    assert Stand(tmp_path).hands.shown.label("density") == "cc74"


@given(st.lists(st.floats(0, 1), min_size=2, max_size=30), st.floats(0, 1))
def test_scaled_a_knob_reaches_both_ends_with_its_controller_and_never_leaps(moves: list[float], knob: float) -> None:
    grip = Grip()
    for place in (*moves, 1.0, 0.0):
        last, before = grip.last, knob
        goal = take(grip, Mode.SCALE, place, knob)
        assert (goal is None) == (last is None)
        if goal is not None and last is not None:
            knob = grip.left = goal
            assert (knob - before) * (place - last) >= -1e-12
            assert -1e-9 <= knob <= 1 + 1e-9
    assert knob == pytest.approx(0.0, abs=1e-9)


class Playing(RuleBasedStateMachine):
    """Two controllers, feedback and other hands, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.stand = Stand(feedback=True)
        self.hands = self.stand.hands
        self.last: dict[tuple[str, str], float] = {}
        """Where each controller is, by (port, target)."""
        self.left: dict[tuple[str, str], float] = {}
        """Where it left the knob, while nobody else has turned it."""
        for port in CHANNELS:
            for number, id in enumerate(TAUGHT[:5], 70):
                self.hands.learn(id)
                self.move(port, number, 64)
                self.hands.leave()

    @rule(id=st.sampled_from(TAUGHT), port=PORTS, number=NUMBERS, value=VALUES)
    def teach(self, id: str, port: str, number: int, value: int) -> None:
        self.learn(id)
        self.move(port, number, value)
        self.hands.leave()

    @rule(moves=st.lists(st.tuples(PORTS, NUMBERS, VALUES), min_size=1, max_size=6))
    def play(self, moves: list[tuple[str, int, int]]) -> None:
        self.hands.leave()
        for port, number, value in moves:
            self.move(port, number, value)

    @rule(id=st.sampled_from(TAUGHT))
    def learn(self, id: str) -> None:
        if self.hands.learning:
            self.hands.pick(id)
        else:
            self.hands.learn(id)

    @rule()
    def leave(self) -> None:
        self.hands.leave()

    @precondition(lambda self: self.hands.learning)
    @rule()
    def unlearn(self) -> None:
        self.hands.unlearn()

    @rule(port=PORTS, number=NUMBERS, value=VALUES)
    def move(self, port: str, number: int, value: int) -> None:
        places = {id: self.stand.place(id) for id in KNOBS}
        target, learning = self._target(port, number), self.hands.learning
        self.stand.move(number, value, channel=CHANNELS[port], port=port)
        changed = {id for id in KNOBS if self.stand.place(id) != places[id]}
        key, place = (port, target), value / 127
        if learning:
            assert not changed
            self.left.pop((port, self._target(port, number)), None)
            self.last[port, self._target(port, number)] = place
        elif target not in KNOBS:
            assert not changed
        else:
            assert changed <= {target}
            here, last = places[target], self.last.get(key)
            passed = last is not None and min(last, place) <= here <= max(last, place)
            if passed or self.left.get(key) == here or round(here * 127) == value:
                assert abs(self.stand.place(target) - place) <= (0.051 if target == "epoch" else 1 / 254)
                self.left[key] = self.stand.place(target)
            else:
                assert not changed
                self.left.pop(key, None)
            self.last[key] = place

    @rule(id=st.sampled_from(KNOBS[:2]), value=st.floats(0, 1))
    def other_hands(self, id: str, value: float) -> None:
        self.stand.music.turn(**({"density": value} if id == "density" else {"swing": 50 + 25 * value}))

    @rule()
    def undo(self) -> None:
        self.stand.music.undo()

    @rule(port=PORTS, number=NUMBERS, value=VALUES)
    def nothing_is_sent_to_the_one_that_moves(self, port: str, number: int, value: int) -> None:
        self._feedback()
        self.move(port, number, value)
        assert not [sent for sent in self._feedback() if sent[:2] == (0xB0 | CHANNELS[port], number)]

    @rule()
    def feedback_that_is_heard_again_ends_at_once(self) -> None:
        """A controller that echoes all that it is sent."""
        for status, number, value in self._feedback():
            before = [self.stand.place(id) for id in KNOBS]
            self.stand.move(number, value, channel=status & 0x0F, port="AB"[status & 0x0F])
            assert [self.stand.place(id) for id in KNOBS] == before
        assert self._feedback() == []

    @invariant()
    def one_source_has_one_target(self) -> None:
        for learned in self.hands._maps.values():
            sources = [binding.source for binding in learned.learned.values()]
            assert len(set(sources)) == len(sources)

    def _feedback(self) -> list[tuple[int, int, int]]:
        """What is sent back; a motor goes where it is told, and has its knob."""
        sent = self.stand.feedback()
        for status, number, value in sent:
            port = "AB"[status & 0x0F]
            target = self._target(port, number)
            self.left[port, target], self.last[port, target] = self.stand.place(target), value / 127
        return sent

    def _target(self, port: str, number: int) -> str:
        learned = self.hands._maps.get(port)
        return learned.target(Source(kind=Kind.CC, channel=CHANNELS[port], number=number)) if learned else ""


Playing.TestCase.settings = settings(max_examples=200, stateful_step_count=100, deadline=None)
TestPlaying = Playing.TestCase
