"""What opens above the page: all keys, and what the doctor says. Playing and panic work there too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static

from instrument.session.view import Health
from instrument.text import printable
from instrument.tui.health import doctor_lines, is_well
from instrument.tui.keys import GROUPS, TEXTUALS

KEY_WIDTH = 17
LOOK_S = 0.25


class Dialog(ModalScreen[None]):
    """A sheet over the page, put away by the key that opened it, Enter or Escape."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,enter,q", "dismiss", "Close"),
        ("space", "app.stage('toggle_play')", "Play or stop"),
        ("p", "app.stage('panic')", "Panic"),
        ("down,j", "scroll(1)", "Down"),
        ("up,k", "scroll(-1)", "Up"),
    ]
    title_text = ""

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="sheet") as sheet:
            sheet.border_title = self.title_text
            sheet.border_subtitle = "esc closes"
            yield Static(self.body(), id="body", markup=False)

    def body(self) -> Table:
        raise NotImplementedError

    def action_scroll(self, lines: int) -> None:
        self.query_one("#sheet").scroll_relative(y=lines, animate=False)


class Help(Dialog):
    """Every key, by what it is for, as the player's keymap has it now; at the right, the name a keymap calls it by."""

    BINDINGS: ClassVar[list[BindingType]] = [("question_mark", "dismiss", "Close")]
    title_text = "keys"

    def __init__(self, keymap: Mapping[str, str]) -> None:
        super().__init__()
        self.keymap = keymap

    def body(self) -> Table:
        table = Table.grid(padding=(0, 2))
        table.add_column(width=KEY_WIDTH, no_wrap=True)
        table.add_column()
        table.add_column(no_wrap=True)
        for group in GROUPS:
            if not any(self.keymap.get(action.id, action.keys) for action in group.actions):
                continue
            table.add_row(Text(group.title.upper(), style="bold"))
            for action in group.actions:
                keys = self.keymap.get(action.id, action.keys)
                if not keys:
                    continue
                table.add_row(Text(shown(keys)), Text(action.says), Text(action.id, style="dim"))
            table.add_row()
        table.add_row(Text("EVERYWHERE", style="bold"), Text())
        for keys, says in TEXTUALS:
            table.add_row(Text(keys), Text(says))
        return table


class Doctor(Dialog):
    """Port and timing in words, as they are while one looks."""

    BINDINGS: ClassVar[list[BindingType]] = [("d", "dismiss", "Close")]
    title_text = "doctor: port and timing"

    def __init__(self, look: Callable[[], Health]) -> None:
        super().__init__()
        self.look = look

    def on_mount(self) -> None:
        self.set_interval(LOOK_S, lambda: self.query_one("#body", Static).update(self.body()))

    def body(self) -> Table:
        health = self.look()
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True)
        table.add_column()
        for name, finding in doctor_lines(health):
            wrong = name == "trouble" and not is_well(health)
            table.add_row(Text(name, style="dim"), Text(finding, style="bold" if wrong else ""))
        return table


class Ask(ModalScreen[str]):
    """Asks for a word, which it returns without its outer blanks, or ""."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss('')", "Close")]

    def __init__(self, title: str, does: str, hint: str) -> None:
        super().__init__()
        self._title, self._does, self._hint = title, does, hint

    def compose(self) -> ComposeResult:
        with Vertical(id="sheet") as sheet:
            sheet.border_title = self._title
            sheet.border_subtitle = f"enter {self._does}, esc closes"
            yield Input(placeholder=self._hint, id="word")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip())


class Presets(ModalScreen[str]):
    """Asks for another preset."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,P", "dismiss('')", "Close")]

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__()
        self.names = names

    def compose(self) -> ComposeResult:
        with Vertical(id="sheet") as sheet:
            sheet.border_title = "preset"
            sheet.border_subtitle = "enter takes it, esc closes"
            yield OptionList(*(Text(printable(name)) for name in self.names), id="names")

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self.names[event.option_index])


SIGNS = {
    "plus": "+",
    "equals_sign": "=",
    "minus": "-",
    "underscore": "_",
    "full_stop": ".",
    "comma": ",",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "question_mark": "?",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "left_parenthesis": "(",
    "right_parenthesis": ")",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "escape": "esc",
}


def shown(keys: str) -> str:
    """Textual's names of keys as they stand on a keyboard: `shift+left,H` as `shift+left  H`."""
    return "  ".join("+".join(SIGNS.get(part, part) for part in key.strip().split("+")) for key in keys.split(","))
