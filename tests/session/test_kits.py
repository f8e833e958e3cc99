"""A kit map of the player's own: kept whole, found again by its name, and never outside its folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from instrument.core.drums import GM_KIT
from instrument.errors import DataError
from instrument.session.kits import keep_kit, load_kit

PADS = [(number, 40 + number) for number in range(9)]


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    kit = GM_KIT.with_pads(PADS)
    file = keep_kit("My kit-2", kit, tmp_path / "kits")
    found = load_kit(file)
    assert found.targets == kit.targets
    assert found.name == "My kit-2"
    keep_kit("My kit-2", GM_KIT, tmp_path / "kits")
    assert load_kit(file).targets == GM_KIT.targets
    assert len(list((tmp_path / "kits").iterdir())) == 1


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a\\b", ".hidden", "x" * 41, "a\nb", "gm", "td", "é"])
def test_a_name_that_could_be_anything_else_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        keep_kit(name, GM_KIT, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="can't write"):
        keep_kit("mine", GM_KIT, tmp_path / "file" / "kits")
