"""The server: a page with a terminal in it, for those who bring the token.

textual-serve does the page, the socket and a process for each browser; what is added is who may come in. The first
address carries the token, which becomes a cookie that other sites can't send; without it there is nothing here, not
even for other programs of this machine. A socket is opened only from our own page. Nothing is fetched from elsewhere.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import os
import secrets
import shlex
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web
from textual_serve.server import Server

from instrument.errors import GhostnoteError
from instrument.session.contract import Session
from instrument.web.link import KEY_BYTES, Switchboard

COOKIE, QUERY = "ghostnote", "token"
TOKEN_BYTES = 18
START_S, END_S = 10.0, 3.0
ANYWHERE = ("0.0.0.0", "::", "")
DOCUMENTATION_ADDRESS = ("192.0.2.1", 9)
"""Nobody's (RFC 5737): asked for the way there, the system tells our own address; nothing is sent."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ServingError(GhostnoteError):
    """The port can't be had."""


class Screens(Server):
    """textual-serve's server behind a token."""

    def __init__(self, command: str, token: str) -> None:
        super().__init__(command, title="Ghostnote", templates_path=Path(__file__).parent)
        self._token = token

    async def app(self) -> web.Application:
        app = await self._make_app()
        app.middlewares.append(self._let_in)
        return app

    async def on_startup(self, app: web.Application) -> None:
        """Textual-serve's own greeting is left out: the address is told by the command."""

    async def handle_index(self, request: web.Request) -> web.StreamResponse:
        """The page, with addresses as the browser knows us."""
        page = (Path(__file__).parent / "page.html").read_text(encoding="utf-8")
        return web.Response(text=page, content_type="text/html", headers={"Cache-Control": "no-store"})

    @web.middleware
    async def _let_in(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        brought = request.query.get(QUERY, "")
        if request.path == "/" and self._is_token(brought):
            entry = web.HTTPFound("/")
            entry.set_cookie(COOKIE, brought, httponly=True, samesite="Strict")
            raise entry
        if not self._is_token(request.cookies.get(COOKIE, "")):
            raise web.HTTPForbidden(text="Ghostnote: open the address that it printed, with its token\n")
        origin = request.headers.get("Origin", "")
        if origin and origin.partition("://")[2] != request.host:
            raise web.HTTPForbidden(text="Ghostnote: not from another page\n")
        return await handler(request)

    def _is_token(self, brought: str) -> bool:
        return hmac.compare_digest(brought.encode(), self._token.encode())


class Serving:
    """A server on a thread of its own, for as long as the `with` block lasts."""

    def __init__(self, session: Session, host: str, port: int) -> None:
        """Raises ServingError where the port can't be had."""
        self._host, self._port = host, port
        self.token = secrets.token_urlsafe(TOKEN_BYTES)
        self._folder = tempfile.TemporaryDirectory(prefix="ghostnote-")
        self._switchboard = Switchboard(session, Path(self._folder.name), secrets.token_bytes(KEY_BYTES))
        self._loop = asyncio.new_event_loop()
        self._runner: web.AppRunner | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, name="web", daemon=True)
        self._thread.start()
        logging.getLogger("textual-serve").setLevel(logging.CRITICAL)
        try:
            self._port = self._run(self._start()).result(START_S)
        except OSError as error:
            self.close()
            reason = f"{host}:{port} can't be served at ({os.strerror(error.errno) if error.errno else error})"
            raise ServingError(f"{reason}; choose another --web-port") from error

    @property
    def address(self) -> str:
        """What to open in a browser."""
        host = own_address() if self._host in ANYWHERE else self._host
        named = f"[{host}]" if ":" in host else host
        return f"http://{named}:{self._port}/?{QUERY}={self.token}"

    def close(self) -> None:
        self._switchboard.close()
        if self._runner is not None:
            self._run(self._runner.cleanup()).exception(END_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(END_S)
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _start(self) -> int:
        """The port that is served at."""
        screens = Screens(_command(self._switchboard.link), self.token)
        self._runner = web.AppRunner(await screens.app(), handle_signals=False, shutdown_timeout=END_S / 2)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        return int(self._runner.addresses[0][1])


def own_address() -> str:
    """This machine's address on its network; the loopback where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(DOCUMENTATION_ADDRESS)
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def _command(link: Path) -> str:
    words = [sys.executable, "-m", "instrument.web.screen", str(link)]
    return subprocess.list2cmdline(words) if sys.platform == "win32" else shlex.join(words)
