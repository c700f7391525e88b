"""Pressing a button: one verb, then on; a rule's no is said on the page where it was pressed."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, redirect
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from serendipity.db import writing
from serendipity.errors import Busy, NotFound, Refused
from serendipity.web.company.wording import complaint

Act = Callable[[Session], object]
Page = Callable[[str, int], ResponseReturnValue]


def pressed(act: Act, words: str, *, then: str, else_: Page) -> ResponseReturnValue:
    """Do it, say `words` at the address `then`; or show the page `else_` with why not, and status.

    Raises
    ------
    NotFound
        It is somebody else's, or nobody's: that has no page to be said on.
    """
    try:
        with writing() as db:
            act(db)
    except NotFound:
        raise
    except (Refused, Busy) as error:
        return else_(complaint(error), error.status)
    flash(words)
    return redirect(then, 303)
