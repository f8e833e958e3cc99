"""What a screen may ask of a performance. The real session and its scripted twin both keep this contract.

All calls come from one thread, the screen's, and return at once: whatever takes time (drawing bars, loading an epoch)
happens elsewhere and shows in a later view.
"""

from __future__ import annotations

from typing import Any, Protocol

from instrument.session.view import StageView


class Learner(Protocol):
    """Teaching controllers; what it waits for shows in the view."""

    @property
    def learning(self) -> bool: ...

    def learn(self, control: str = "") -> None:
        """Begin, with the control in hand where there is one; called again: its partner, or no more."""

    def pick(self, id: str) -> bool:
        """Choose what is to be learnt, a control or an action. Whether it is one that can be."""

    def unlearn(self) -> None:
        """Forget what the chosen one was learnt from."""

    def leave(self) -> None:
        """No more learning; what was learnt is kept."""


class Session(Protocol):
    """A performance: looked at through `view`, steered by the rest. What was asked for shows in the very next view."""

    @property
    def hands(self) -> Learner:
        """Controllers that are taught to turn the knobs."""

    def view(self) -> StageView:
        """The picture of this moment. Cheap: asked for thirty times a second."""

    def turn(self, **changes: Any) -> None:
        """Set fields of `Knobs`; they apply to what has not sounded yet. ValueError leaves everything as it was."""

    def toggle_play(self) -> None:
        """Start at the line of the bar that was stopped in, or stop."""

    def set_tempo(self, tempo_bpm: float) -> None:
        """Raises ValueError outside 20..300, or while another clock leads."""

    def nudge(self, by_ms: float) -> None:
        """Shift the phase: everything so much later (positive) or earlier than so far. Raises ValueError where notes
        would be more than a second off."""

    def keep_nudge(self) -> None:
        """Make the nudge a part of this port's offset, and remember it for the next time."""

    def panic(self) -> None:
        """Note-offs for everything, now; the transport stops."""

    def new_z(self) -> None:
        """Draw a new home latent, the pad back in its middle; the one before can be had back by `undo`."""

    def undo(self) -> None:
        """Step back through the history of knobs and latents; nothing happens at its start."""

    def redo(self) -> None:
        """Step forward again; nothing happens at its end."""

    def fill(self) -> None:
        """A fill up to the next downbeat (in a bar's last beat: to the one after), or not."""

    def build(self, on: bool) -> None:
        """Hold a fill: from the next bar line on, more of it in each bar, until it is let go."""

    def freeze(self) -> None:
        """Repeat the bar that sounds, or let it go."""

    def lock(self, voice: int) -> None:
        """Keep a voice's strokes as they sound now, whatever else changes, or let them go."""

    def look_back(self, bars: int) -> None:
        """Listen again to a bar that has sounded: so many further back, or nearer where negative."""

    def store(self, slot: int) -> None:
        """Keep all knobs as snapshot 0..7."""

    def recall(self, slot: int) -> None:
        """Go to a snapshot, there after as many bars as a morph takes. Raises ValueError for an empty one."""

    def morph_in(self, bars: int) -> None:
        """How long a morph takes from now on. Raises ValueError outside 0..16."""

    def recall_code(self, code: str) -> None:
        """Freeze on the bar that a recall code tells. Raises ValueError for one that can't be played."""

    def capture(self) -> None:
        """Write the last bars to a file, which `told` names."""

    def capture_last(self, bars: int) -> None:
        """How many bars a capture keeps from now on. Raises ValueError outside 1..32."""

    def presets(self) -> tuple[str, ...]:
        """The names that `load_preset` knows."""

    def load_preset(self, name: str) -> None:
        """Change to another preset's best epoch as soon as it is open."""

    def toggle_monitor(self) -> None:
        """Let the built-in kit sound through the sound card, or not; `told` says what stands in the way."""

    def keep_kit(self, name: str) -> None:
        """Keep the channels and notes of the voices as a kit map of this name. Raises ValueError for its name."""

    def hold_changes(self, hold: bool) -> None:
        """Whether turned knobs wait for the next bar line."""

    def press_loop(self) -> None:
        """The looper's pedal: record the other player from the next bar line, end the loop, overdub it, or not."""

    def clear_loop(self) -> None:
        """Forget the loop."""

    def grab(self) -> None:
        """Make the bar that was played in last the home in the latent, and keep it as a snapshot. Raises ValueError
        where none was played."""

    def calibrate(self) -> None:
        """Two bars of clicks to play to, from which the latency of what comes in is found; again: not."""

    def tap(self) -> None:
        """One beat of a tapped tempo."""

    def close(self) -> None:
        """Note-offs, ports and processes ended. Safe to call twice and from a signal handler."""
