"""The page in a browser: who is let in, and one performance on two screens."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from instrument.session.scripted import ScriptedSession
from instrument.web.serving import Serving, ServingError
from tests.live.hosts import missing
from tests.web.browser import browser, chromium

pytestmark = pytest.mark.asyncio
DRAWN = "document.body.classList.contains('-first-byte')"
TERMINAL_COLOURS = 40
"""A page that is drawn has letters, and their edges many shades; a blank one has a single colour."""


@pytest.fixture
def session() -> ScriptedSession:
    return ScriptedSession(time.monotonic)


@pytest.fixture
def serving(session: ScriptedSession) -> Iterator[Serving]:
    with Serving(session, "127.0.0.1", 0) as server:
        yield server


def root(serving: Serving) -> str:
    return serving.address.partition("/?")[0]


async def test_without_the_token_there_is_nothing(serving: Serving) -> None:
    async with aiohttp.ClientSession() as stranger:
        for path in ("/", "/ws", "/static/js/textual.js", "/?token=", f"/?token={'x' * 24}", "/download/x"):
            async with stranger.get(root(serving) + path) as answer:
                assert answer.status == 403, path
                assert serving.token not in await answer.text()
    assert len(serving.token) >= 22


async def test_the_token_becomes_a_cookie_that_other_pages_cannot_use(serving: Serving) -> None:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as owner:
        async with owner.get(serving.address, allow_redirects=False) as entry:
            assert entry.status == 302
            assert "HttpOnly" in entry.headers["Set-Cookie"]
            assert "SameSite=Strict" in entry.headers["Set-Cookie"]
        async with owner.get(root(serving)) as page:
            text = await page.text()
            assert page.status == 200
        assert not re.search(r"https?://", text), "nothing is fetched from elsewhere"
        with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
            await owner.ws_connect(f"{root(serving)}/ws", headers={"Origin": "http://elsewhere.example"})


async def test_a_port_that_is_taken_is_named(session: ScriptedSession, serving: Serving) -> None:
    port = int(root(serving).rpartition(":")[2])
    with pytest.raises(ServingError, match=f"{port}.*--web-port"):
        Serving(session, "127.0.0.1", port)


async def test_the_instrument_plays_in_chromium_and_a_reload_goes_on(
    session: ScriptedSession, serving: Serving, tmp_path: Path
) -> None:
    if chromium() is None:
        missing("chromium is not installed (apt install chromium)")
    async with browser(tmp_path / "profile") as tab:
        await tab.open(serving.address)
        await tab.wait_until(DRAWN)
        await tab.wait_until(f"{COLOURS} > {TERMINAL_COLOURS}")
        await tab.evaluate("document.querySelector('.xterm-helper-textarea').focus()")
        await _until(tab.press, " ", lambda: session.view().playing)
        await _until(tab.press, "n", lambda: session.view().knobs.home > 0)
        await tab.open(root(serving))
        await tab.wait_until(DRAWN)
        await tab.wait_until(f"{COLOURS} > {TERMINAL_COLOURS}")
        assert session.view().playing
        assert not session.closed


COLOURS = """(() => {
  const seen = new Set();
  for (const layer of document.querySelectorAll('canvas')) {
    const context = layer.getContext('2d');
    if (!context || !layer.width) continue;
    const bytes = context.getImageData(0, 0, layer.width, layer.height).data;
    for (let at = 0; at < bytes.length; at += 4) seen.add(bytes[at] << 16 | bytes[at + 1] << 8 | bytes[at + 2]);
  }
  return seen.size;
})()"""


async def _until(press, key, done) -> None:  # type: ignore[no-untyped-def]
    """A key is pressed once; its effect comes in its time."""
    await press(key)
    deadline = time.monotonic() + 20
    while not done():
        assert time.monotonic() < deadline, f"{key!r} had no effect"
        await asyncio.sleep(0.05)
