"""From one named place of the latent to the next."""

from __future__ import annotations

from instrument.core.manifest import Place
from instrument.session.contract import Session
from instrument.session.view import StageView


def next_place(view: StageView) -> Place | None:
    """The one after the nearest; the first from a home that was drawn; None where the epoch has none."""
    named = next((epoch.places for epoch in view.manifest.epochs if epoch.number == view.knobs.epoch), ())
    if not named:
        return None
    near = min(view.landmarks, key=lambda place: place.distance).name
    at = [place.name for place in named].index(near) + 1 if view.knobs.z else 0
    return named[at % len(named)]


def go_on(session: Session) -> str:
    """Make the next named place home; its name. Raises ValueError where the preset has none."""
    place = next_place(session.view())
    if place is None:
        raise ValueError("this preset has no named places")
    session.turn(z=place.z, x=0.0, y=0.0)
    return place.name
