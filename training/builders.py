"""From a recipe to its nets: which classes, of which sizes. The one place that knows all kinds of nets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from training import networks, tick_networks
from training.networks import NetworkShape, window_channels
from training.recipes import Recipe
from training.tick_layers import TickShape
from training.variations import VariedGenerator


@dataclass(frozen=True, slots=True, kw_only=True)
class Nets:
    """G, D, Q where the recipe has a code, and W, the critic of windows, where these are learnt. `for_critic` scales an
    item's planes to what D sees."""

    G: nn.Module
    D: nn.Module
    Q: nn.Module | None
    for_critic: Callable[[Tensor], Tensor]
    W: nn.Module | None = None


def build(recipe: Recipe, styles: int, seed: int) -> Nets:
    """Fresh nets for data of so many styles; the same seed gives the same weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if recipe.kind == "bar":
            bar = bar_shape(recipe, styles)
            reader = networks.CodeReader(bar) if recipe.loss.code and bar.code_dim else None
            told = int(bar.tap)
            return Nets(
                G=bar_generator(bar),
                D=networks.Discriminator(bar, inputs=bar.bar_channels + told),
                Q=reader,
                for_critic=networks.for_critic,
                W=networks.Discriminator(bar, inputs=window_channels(bar) + told) if bar.bars > 1 else None,
            )
        ticks = tick_shape(recipe, styles)
        critic = tick_networks.LinearDiscriminator if ticks.linear else tick_networks.Discriminator
        return Nets(G=tick_generator(ticks), D=critic(ticks), Q=None, for_critic=tick_networks.for_critic)


def generator(recipe: Recipe, styles: int) -> nn.Module:
    """G alone, to be filled with weights."""
    if recipe.kind == "bar":
        return bar_generator(bar_shape(recipe, styles))
    return tick_generator(tick_shape(recipe, styles))


def bar_generator(shape: NetworkShape) -> networks.BarGenerator:
    return VariedGenerator(shape) if shape.theme_dim else networks.Generator(shape)


def tick_generator(shape: TickShape) -> nn.Module:
    return tick_networks.LinearGenerator(shape) if shape.linear else tick_networks.Generator(shape)


def bar_shape(recipe: Recipe, styles: int) -> NetworkShape:
    """The sizes of the nets of a recipe of kind "bar"."""
    network = recipe.network
    return NetworkShape(
        styles=styles,
        hit_planes=recipe.data.planes,
        steps=recipe.data.steps,
        latent_dim=network.latent_dim,
        code_dim=min(network.code_dim, network.latent_dim),
        style_dim=network.style_dim,
        mapping_dim=network.mapping_dim,
        generator_channels=network.generator_channels,
        critic_channels=network.critic_channels,
        bars=recipe.data.bars,
        phrase_dim=network.phrase_dim,
        walk_dim=network.walk_dim,
        tap=network.tap,
        leanings=network.leanings,
        theme_dim=network.theme_dim,
    )


def tick_shape(recipe: Recipe, styles: int) -> TickShape:
    """The sizes of the nets of a recipe of kind "ticks"."""
    network = recipe.network
    return TickShape(
        styles=styles,
        window_ticks=recipe.data.window_ticks,
        layers=network.layers,
        latent_dim=network.latent_dim,
        velocity_only=recipe.data.velocity_only,
        linear=network.linear,
        style_dim=network.style_dim,
        mapping_dim=network.mapping_dim,
        generator_channels=network.generator_channels,
        critic_channels=network.critic_channels,
    )
