"""`python -m serendipity.demo`: the process that lets the demo's day go on."""

from serendipity.app import create_app
from serendipity.db import database
from serendipity.demo import day

if __name__ == "__main__":
    app = create_app()
    if not app.config["SETTINGS"].demo:
        raise SystemExit("serendipity: this process is for the demo only")
    with app.app_context():
        day.go_on(database.session)
