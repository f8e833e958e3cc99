"""The terminal instrument: frozen views of a session in, pictures of text out, keys to calls.

`picture` says what a picture is; `grid`, `transport`, `controls`, `epochs`, `pad` and `health` paint one each, as pure
functions; `canvas` and `widgets` put them on a Textual screen and repaint only what changed; `stage` lays them out;
`app` turns keys into calls of the session.
"""
