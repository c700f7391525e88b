"""gunicorn: the app is loaded once and forked, and each worker opens its own connections."""

import gc
from typing import Any

worker_class = "gthread"
preload_app = True
keepalive = 15
timeout = 60
graceful_timeout = 8
accesslog = None
errorlog = "-"
loglevel = "warning"
control_socket_disable = True


def post_fork(server: Any, worker: Any) -> None:
    """Connections must not cross a fork (SQLite and libpq both say so): forget the parent's."""
    from serendipity.db import database  # noqa: PLC0415 (gunicorn reads this file first)

    with worker.app.wsgi().app_context():
        database.engine.dispose(close=False)
    gc.freeze()  # what is there from the start stays: a look for garbage in it holds up a page
