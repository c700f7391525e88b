"""The console command `serendipity`, also `flask --app serendipity.app`.

Errors go to stderr as one clear line and a non-zero exit; nothing is half done.
"""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Commands are added here by their owner."""
