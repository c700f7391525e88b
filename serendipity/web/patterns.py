"""The pattern sheet: every component once, for who works on the look."""

from __future__ import annotations

import re
from pathlib import Path

from flask import Blueprint, current_app, render_template
from flask.typing import ResponseReturnValue

from serendipity.web.access import access

blueprint = Blueprint("patterns", __name__)


@blueprint.get("/patterns")
@access("operator")
def sheet() -> ResponseReturnValue:
    sprite = (Path(str(current_app.static_folder)) / "icons.svg").read_text("utf-8")
    return render_template("components/patterns.html", icons=re.findall(r'id="([\w-]+)"', sprite))
