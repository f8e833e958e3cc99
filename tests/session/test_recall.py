"""A code brings a bar back byte for byte, and a snapshot its knobs."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from instrument.core.drums import GM_KIT, VOICES
from instrument.core.latent import LARGEST_SEED
from instrument.core.taps import Tapped
from instrument.errors import DataError, UsageError
from instrument.model.scripted import LATENT_DIM, STYLES, ScriptedPreset
from instrument.session import recall
from instrument.session.composer import Composer
from instrument.session.knobs import WAITS, Knobs, Lock, settled
from instrument.session.snapshots import EMPTY, keep_snapshots, load_snapshots, parse_snapshots

PRESET = ScriptedPreset()
PARTS = st.floats(0, 1) | st.integers(0, 100).map(lambda per_cent: per_cent / 100)
SPANS = st.floats(-1, 1) | st.integers(-100, 100).map(lambda per_cent: per_cent / 100)
VOICE_SETS = st.frozensets(st.integers(0, VOICES - 1))


def by_voice(values: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.just(()) | st.tuples(*[values] * VOICES)


def strokes(first: int, last: int) -> st.SearchStrategy[tuple[Tapped, ...]]:
    """Of another player, sorted; none as often as some."""
    stroke = st.builds(Tapped, st.integers(first, last), st.integers(1, 127), st.integers(-1, VOICES - 1))
    return st.just(()) | st.lists(stroke, max_size=6).map(lambda found: tuple(sorted(found)))


PLAIN = st.builds(
    Knobs,
    epoch=st.sampled_from(PRESET.epochs),
    glide=PARTS,
    style=st.sampled_from(["", *STYLES]),
    density=PARTS,
    energy=PARTS,
    fill=PARTS,
    seed=st.integers(-1, LARGEST_SEED),
    home=st.integers(0, 500),
    z=st.just(()) | st.tuples(*[st.floats(-4, 4)] * LATENT_DIM),
    x=SPANS,
    y=SPANS,
    truncation=PARTS,
    walk=PARTS,
    walk_bars=st.integers(1, 64),
    variation=PARTS,
    quantise=PARTS,
    swing=st.floats(50, 75),
    humanise=PARTS,
    accent=SPANS,
    softest=st.integers(1, 60),
    loudest=st.integers(60, 127),
    fill_every=st.integers(0, 16),
    landing=st.booleans(),
    late=by_voice(st.integers(-40, 40)),
    voice_density=by_voice(PARTS),
    voice_velocity=by_voice(SPANS),
    pads=by_voice(st.tuples(st.integers(0, 15), st.integers(0, 127))),
    muted=VOICE_SETS,
    soloed=VOICE_SETS,
    pad=st.integers(0, 2),
    follow=PARTS,
    with_energy=st.booleans(),
    least=PARTS,
    most=PARTS,
    waits=st.sampled_from(WAITS),
    trade=st.integers(0, 16),
    distance=PARTS,
    complement=st.booleans(),
    theirs=VOICE_SETS,
    heard=strokes(-2040, 1500),
    call=strokes(-60, 1859),
    hushed=st.booleans(),
    clicks=st.booleans(),
)


@st.composite
def some_knobs(draw: st.DrawFn) -> Knobs:
    knobs = draw(PLAIN)
    if draw(st.booleans()):
        knobs = replace(knobs, toward=draw(PLAIN), morph=draw(PARTS))
    kept, voices = draw(PLAIN), sorted(draw(VOICE_SETS))
    return replace(knobs, locks=tuple(Lock(voice=voice, index=voice % 3, knobs=kept) for voice in voices))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(some_knobs(), st.integers(0, 5000), st.integers(0, LARGEST_SEED), st.integers(0, LARGEST_SEED))
def test_a_code_brings_back_the_same_bytes_whatever_the_seed_of_the_performance(
    knobs: Knobs, index: int, seed: int, other: int
) -> None:
    code = Composer(PRESET, GM_KIT, seed).code(index, knobs)
    found = recall.decode(code)
    again = found.settled(PRESET.manifest)
    assert (found.index, again) == (index, settled(knobs, seed, "scripted"))
    assert Composer(PRESET, GM_KIT, other).compose(index, again).notes == (
        Composer(PRESET, GM_KIT, seed).compose(index, knobs).notes
    )


def test_every_knob_has_its_place_in_the_code() -> None:
    assert {name for name, _ in recall.FIELDS} | {"epoch"} == {field.name for field in fields(Knobs)}


def test_a_usual_code_is_short_and_read_however_it_is_typed() -> None:
    knobs = Knobs(epoch=4, density=0.62, swing=54.0, home=3)
    code = Composer(PRESET, GM_KIT, 7).code(120, knobs)
    assert len(code) <= 48
    sloppy = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert recall.decode(sloppy) == recall.decode(code)


@given(st.data())
def test_a_letter_wrong_is_found(data: st.DataObject) -> None:
    code = Composer(PRESET, GM_KIT, 7).code(3, Knobs(epoch=1, density=0.31)).replace("-", "")
    at = data.draw(st.integers(0, len(code) - 1))
    other = data.draw(st.sampled_from(recall.LETTERS))
    wrong = code[:at] + other + code[at + 1 :]
    try:
        found = recall.decode(wrong)
    except UsageError:
        return
    assert found == recall.decode(code)


@given(st.text(max_size=60) | st.text(alphabet=recall.LETTERS, max_size=80))
def test_any_text_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        recall.decode(text)
    assert "\n" not in str(refused.value)


def test_a_code_of_another_preset_or_net_is_refused() -> None:
    found = recall.decode(Composer(PRESET, GM_KIT, 7).code(3, Knobs(epoch=1)))
    with pytest.raises(UsageError, match="another preset"):
        found.settled(replace(PRESET.manifest, name="other"))
    with pytest.raises(UsageError, match="epoch 1"):
        found.settled(replace(PRESET.manifest, epochs=PRESET.manifest.epochs[1:]))


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(knobs=some_knobs())
def test_snapshots_are_read_as_they_were_kept(knobs: Knobs, tmp_path: Path) -> None:
    file = tmp_path / "deep" / "snapshots.toml"
    kept = (None, settled(knobs, 7, "groove"), *EMPTY[2:])
    keep_snapshots(file, kept)
    assert load_snapshots(file) == kept


def test_without_a_file_the_slots_are_empty(tmp_path: Path) -> None:
    assert load_snapshots(tmp_path / "none.toml") == EMPTY


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("schema = 1\n[A]\nepoch = 1\ndenisty = 0.4", 'no knob "denisty" (did you mean "density"?)'),
        ("schema = 1\n[A]\nepoch = 1\ndensity = 4.0", "density 4 is not in 0..1"),
        ("schema = 1\n[A]\nepoch = 'x'", "epoch"),
        ("schema = 1\n[Z]\nepoch = 1", 'no slot "Z"'),
        ("schema = 1\nA = 3", "a slot is a table"),
        ("schema = 2", "schema is not 1"),
        ("schema = 1\n[A", "not TOML"),
        ("schema = 1\n[A]\nepoch = 1\nlocks = [{voice = 1, index = 0, knobs = {epoch = 1, x = 9}}]", "pad"),
    ],
)
def test_a_damaged_file_is_named_with_its_reason(text: str, says: str) -> None:
    with pytest.raises(DataError, match=r"snapshots\.toml") as refused:
        parse_snapshots(text.encode(), "snapshots.toml")
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)
