from __future__ import annotations

from pathlib import Path

import pytest

from instrument.errors import DataError, UsageError
from training.recipes import list_recipes, load_recipe, recipe_from_toml, recipe_to_toml


def test_the_shipped_recipes_load_and_name_themselves() -> None:
    for name, title in list_recipes().items():
        recipe = load_recipe(name)
        assert (recipe.name, recipe.title) == (name, title)
        assert recipe_from_toml(recipe_to_toml(recipe), name) == recipe
    assert {"bar", "bar-small"} <= set(list_recipes())


def test_overrides_take_bare_and_dotted_keys() -> None:
    recipe = load_recipe("bar", ["epochs=3", "loss.gamma=2", "optimiser.lr = 5e-4", "title=mine"])
    assert (recipe.schedule.epochs, recipe.loss.gamma, recipe.optimiser.lr, recipe.title) == (3, 2.0, 5e-4, "mine")


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("epoch=3", 'unknown recipe key "epoch" (did you mean "epochs"?)'),
        ("network.latent=3", '(did you mean "network.latent_dim"?)'),
        ("epochs=many", "Expected `int`"),
        ("epochs=0", "epochs"),
        ("batch=12", "batch"),
        ("decay_from=1.5", "decay_from"),
        ("gamma=nan", "gamma"),
        ("epochs", "is not key=value"),
        ("kind=ticks", "kind"),
    ],
)
def test_a_wrong_override_is_refused_with_its_key(override: str, words: str) -> None:
    with pytest.raises(UsageError) as error:
        load_recipe("bar", [override])
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_an_unknown_recipe_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UsageError, match='no recipe "bar-smal" \\(did you mean "bar-small"\\?\\)'):
        load_recipe("bar-smal")


def test_an_unknown_key_in_a_file_names_file_and_key(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[schedule]\nepoch = 3\n")
    with pytest.raises(UsageError) as error:
        load_recipe(path)
    assert f'recipe {path}: unknown key "schedule.epoch" (did you mean "epochs"?)' == str(error.value)


@pytest.mark.parametrize("content", [b"epochs = = 3", b"\xff\xfe", None])
def test_a_file_that_is_no_recipe_is_one_clear_line(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError) as error:
        load_recipe(path)
    assert str(path) in str(error.value)
