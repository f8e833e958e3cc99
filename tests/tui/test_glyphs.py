"""Terminals that can't show the fine glyphs get the plain ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from instrument.tui.glyphs import FINE, PLAIN, cut, glyphs_for


@given(st.text(st.sampled_from("ab字")), st.integers(0, 12))
def test_cut_text_has_at_most_so_many_cells(text: str, most: int) -> None:
    assert cell_len(cut(text, most)) <= most
    if cell_len(text) <= most:
        assert cut(text, most) == text


def test_plain_glyphs_are_ascii_and_one_cell_each() -> None:
    for glyphs in (FINE, PLAIN):
        for name in glyphs.__slots__:
            value = getattr(glyphs, name)
            if isinstance(value, str):
                assert cell_len(value) == len(value) >= 1
    assert all(getattr(PLAIN, name).isascii() for name in PLAIN.__slots__ if name != "plain")


@pytest.mark.parametrize(
    ("environ", "plain"),
    [
        ({}, False),
        ({"LANG": "de_DE.UTF-8"}, False),
        ({"LANG": "de_DE.utf8@euro"}, False),
        ({"LC_ALL": "C", "LANG": "de_DE.UTF-8"}, True),
        ({"LC_CTYPE": "C.UTF-8", "LANG": "C"}, False),
        ({"LANG": "en_US.ISO-8859-1"}, True),
        ({"LANG": "C.UTF-8", "TERM": "linux"}, True),
    ],
)
def test_the_locale_and_terminal_decide(environ: dict[str, str], plain: bool) -> None:
    assert glyphs_for(environ).plain is plain


def test_heights_rise_and_nothing_is_invisible() -> None:
    levels = [FINE.heights.index(FINE.height(v / 100)) for v in range(101)]
    assert levels == sorted(levels)
    assert (levels[0], levels[-1]) == (0, len(FINE.heights) - 1)


def test_a_plain_terminal_gets_ascii_names() -> None:
    assert cut("Grüße 字", 20, PLAIN) == "Gr??e ?"
    assert cut("Grüße 字", 20, FINE) == "Grüße 字"
