"""Recipes: every hyper-parameter of a training run, as TOML files beside this module or anywhere else."""

from training.recipes.schema import (
    DataSettings,
    LossSettings,
    MetricSettings,
    NetworkSettings,
    OptimiserSettings,
    Recipe,
    ScheduleSettings,
    list_recipes,
    load_recipe,
    recipe_from_toml,
    recipe_to_toml,
)

__all__ = [
    "DataSettings",
    "LossSettings",
    "MetricSettings",
    "NetworkSettings",
    "OptimiserSettings",
    "Recipe",
    "ScheduleSettings",
    "list_recipes",
    "load_recipe",
    "recipe_from_toml",
    "recipe_to_toml",
]
