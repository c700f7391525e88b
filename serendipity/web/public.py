"""What anyone may see: the home page, and a lieu's own page."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from serendipity import lieux
from serendipity.db import reading
from serendipity.web import door
from serendipity.web.access import access

blueprint = Blueprint("public", __name__)


@blueprint.get("/")
@access("anyone")
def home() -> ResponseReturnValue:
    return render_template(
        "public/home.html", form=door.Digits(), lieux=lieux.open_lieux(reading())
    )
