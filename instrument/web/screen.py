"""One browser's screen: the same app as in a terminal, on a performance in another process.

Started by the server for each browser that connects, with the switchboard's file as its only argument.
"""

from __future__ import annotations

import sys
from pathlib import Path

from instrument.tui.app import GhostnoteApp
from instrument.web.remote import connect


def main(link: str) -> int:
    session = connect(Path(link))
    app = GhostnoteApp(session)
    try:
        app.run()
    finally:
        session.close()
    return app.return_code or 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
