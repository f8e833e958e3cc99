"""The line between a performance and a screen in another process: calls one way, views the other.

The screen asks and waits; each question is JSON, `{"call": name, "words": [...], "changes": {...}}`, checked against
the contract's own annotations before anything is done. The answer is a pickle of what the call returns, or the words
of the ValueError that it raised: it goes from our own process to our own process, over a local line that is
authenticated by a key, and never the other way. The manifest, large and seldom another one, crosses only when it
changes.
"""

from __future__ import annotations

import inspect
import io
import pickle
import threading
from collections.abc import Mapping
from multiprocessing.connection import Connection, Listener
from pathlib import Path
from typing import Any, get_type_hints

import msgspec

from instrument.core.manifest import Manifest
from instrument.session.contract import Learner, Session
from instrument.session.knobs import Knobs

KEY_BYTES = 32
LOOK_S = 0.1
OURS = frozenset({"close"})
"""What a screen does for itself: the performance goes on when it leaves."""
HANDS = "hands."
LEARNING = "hands.learning"


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    call: str
    words: list[Any] = []
    changes: dict[str, Any] = {}


class Address(msgspec.Struct, frozen=True):
    """Where a performance listens, kept in a file that only its player can read."""

    at: str
    key: bytes


class Answer(msgspec.Struct, frozen=True):
    value: Any = None
    refused: str = ""


class Switchboard:
    """Answers screens, each on a thread of its own; the session is asked by one at a time."""

    def __init__(self, session: Session, folder: Path, key: bytes) -> None:
        """Listens at once; `folder` is private and gets the file `link`, which tells screens the way."""
        self._session = session
        self._lock = threading.Lock()
        self._listener = Listener(authkey=key)
        self.link = folder / "link"
        self.link.write_bytes(msgspec.json.encode(Address(at=str(self._listener.address), key=key)))
        self._closed = False
        threading.Thread(target=self._accept, name="switchboard", daemon=True).start()

    def close(self) -> None:
        """Every screen's line ends within `LOOK_S`."""
        self._closed = True
        self._listener.close()

    def _accept(self) -> None:
        while not self._closed:
            try:
                screen = self._listener.accept()
            except Exception:
                # a stranger without the key, or the end; the listener knows only that it failed
                continue
            threading.Thread(target=self._serve, args=(screen,), name="screen", daemon=True).start()

    def _serve(self, screen: Connection) -> None:
        known: Manifest | None = None
        try:
            while not self._closed:
                if not screen.poll(LOOK_S):
                    continue
                question = msgspec.json.decode(screen.recv_bytes(), type=Question)
                with self._lock:
                    answer = _answer(self._session, question)
                data, known = _packed(answer, known)
                screen.send_bytes(data)
        except (EOFError, OSError, msgspec.MsgspecError):
            # it left, or talked nonsense
            pass
        finally:
            screen.close()


def _answer(session: Session, question: Question) -> Answer:
    try:
        return Answer(value=_do(session, question))
    except (ValueError, TypeError, msgspec.ValidationError) as refused:
        return Answer(refused=str(refused) or "refused")


def _do(session: Session, question: Question) -> Any:
    """Raises ValueError for a call that the contract doesn't know, TypeError and ValidationError for its words."""
    if question.call == LEARNING:
        return session.hands.learning
    contract, target = (Learner, session.hands) if question.call.startswith(HANDS) else (Session, session)
    name = question.call.removeprefix(HANDS)
    method = vars(contract).get(name)
    if name.startswith("_") or name in OURS or not inspect.isfunction(method):
        raise ValueError(f"a session has no {question.call!r}")
    if name == "turn":
        return session.turn(**_typed(get_type_hints(Knobs), question.changes))
    hints = get_type_hints(method)
    names = [parameter for parameter in inspect.signature(method).parameters if parameter != "self"]
    given = _typed(hints, dict(zip(names, question.words, strict=False)))
    return getattr(target, name)(**given)


def _typed(hints: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """JSON's values as what they are annotated to be."""
    for name in given:
        if name not in hints:
            raise ValueError(f"there is no knob {name!r}")
    return {name: msgspec.convert(value, hints[name]) for name, value in given.items()}


def _packed(answer: Answer, known: Manifest | None) -> tuple[bytes, Manifest | None]:
    """The answer's bytes, and the manifest that the screen knows from then on."""
    manifest = getattr(answer.value, "manifest", known)
    buffer = io.BytesIO()
    packer = pickle.Pickler(buffer, protocol=pickle.HIGHEST_PROTOCOL)
    if manifest is known and manifest is not None:
        packer.persistent_id = lambda value: "manifest" if value is manifest else None  # type: ignore[method-assign]
    packer.dump(answer)
    return buffer.getvalue(), manifest


class Line:
    """The screen's end. One thread."""

    def __init__(self, screen: Connection) -> None:
        self._screen = screen
        self._manifest: Manifest | None = None

    def ask(self, call: str, *words: Any, **changes: Any) -> Any:
        """Raises ValueError where the session refuses, EOFError where it has ended."""
        question = Question(call=call, words=list(words), changes=changes)
        try:
            self._screen.send_bytes(msgspec.json.encode(question))
            answer = self._unpacked(self._screen.recv_bytes())
        except OSError as gone:
            raise EOFError("the performance has ended") from gone
        if answer.refused:
            raise ValueError(answer.refused)
        return answer.value

    def close(self) -> None:
        self._screen.close()

    def _unpacked(self, data: bytes) -> Answer:
        unpacker = pickle.Unpickler(io.BytesIO(data))  # noqa: S301
        unpacker.persistent_load = self._known  # type: ignore[method-assign]
        answer: Answer = unpacker.load()
        self._manifest = getattr(answer.value, "manifest", self._manifest)
        return answer

    def _known(self, name: str) -> Manifest | None:
        return self._manifest
