"""Heard: what stands under a field while somebody types, and what comes back with the form.

`/words` draws a part of a page and changes nothing. Only who has a form in front of them may ask:
a member who is signed in, or a browser that a door has let in. Without scripts, or without the
worker, the form is the same and its words are read after they were kept.
"""

from __future__ import annotations

import json
import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Final

from flask import Blueprint, abort, current_app, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_login import current_user
from werkzeug.datastructures import MultiDict

from matching.text import normalised
from serendipity import clock, meanings, skills, sockets
from serendipity.config import Settings
from serendipity.db import reading
from serendipity.meanings import Meaning, Noun
from serendipity.web.access import access, current_member

blueprint = Blueprint("heard", __name__)
PATIENCE: Final = 0.08  # seconds that a typed word waits for the worker
LONGEST: Final = 1000  # characters of a line that are read while it is typed
MOST_SAID: Final = 60
NOUNS: Final[tuple[Noun, ...]] = ("skills", "need")
# One browser asks some three times a second; a lieu behind one address has many of them.
EACH_SECOND, AT_ONCE, REMEMBERED = 40.0, 120.0, 2000
_left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # address → questions left, since when


@blueprint.get("/words")
@access("anyone")
def words() -> ResponseReturnValue:
    """What the words of one field are heard as, to confirm or undo."""
    if not current_user.is_authenticated and not _has_pass():
        abort(404)
    if not _may_ask(request.remote_addr or "", time.monotonic()):
        return "", 429, {"Retry-After": "3"}
    noun: Noun = "need" if request.args.get("noun") == "need" else "skills"
    typed = request.args.get("typed", "")[:LONGEST]
    phrases = [typed.strip()] if noun == "need" else _new(skills.split(typed))
    found = meanings.proposals(
        reading(), phrases, language=str(get_locale()), wanted=noun == "need", ask=ask_the_worker
    )
    ids = {concept for one in found for concept in (one.sure, *one.doubtful) if concept}
    labels = skills.labels(reading(), ids, str(get_locale()))
    return render_template("heard/words.html", noun=noun, found=found, labels=labels)


def _has_pass() -> bool:
    """Whether a door let this browser in, and it may still check in."""
    held = session.get("door")
    return held is not None and clock.now().timestamp() < held["over"]


def _may_ask(who: str, now: float) -> bool:
    """Whether this address has a question left; each process counts for itself."""
    left, since = _left.pop(who, (AT_ONCE, now))
    left = min(AT_ONCE, left + (now - since) * EACH_SECOND)
    _left[who] = (max(0.0, left - 1), now)
    while len(_left) > REMEMBERED:
        _left.popitem(last=False)
    return left >= 1


def _new(phrases: Sequence[str]) -> list[str]:
    """Those that the member does not offer yet: what was settled is not asked again."""
    if not current_user.is_authenticated:
        return list(phrases)
    member = current_member()
    held = {normalised(one.words) for one in skills.skills_of(reading(), [member.id])[member.id]}
    return [one for one in phrases if normalised(one) not in held]


def ask_the_worker(
    phrases: Sequence[str], language: str | None, wanted: bool
) -> Sequence[Sequence[tuple[str, float]]]:
    """What the worker hears; nothing when it is busy or away."""
    question = {"phrases": phrases, "language": language, "wanted": wanted}
    settings: Settings = current_app.config["SETTINGS"]
    path = sockets.reader_path(settings)
    answer = sockets.ask(path, json.dumps(question).encode(), within=PATIENCE)
    return [[(key, p) for key, p in some] for some in json.loads(answer)] if answer else []


def said(form: MultiDict[str, str]) -> list[Meaning]:
    """What a form says about what was heard: `heard` was shown as taken, `means` was left or made
    so. A value is noun|concept|words."""
    shown = _read(form.getlist("heard"))
    meant = _read(form.getlist("means"))
    confirmed = [Meaning(noun, words, key, (noun, key, words) not in shown)
                 for noun, key, words in meant]  # fmt: skip
    undone = [Meaning(noun, words, None, True) for noun, key, words in shown
              if (noun, key, words) not in meant]  # fmt: skip
    return [*undone, *confirmed]


def _read(values: Sequence[str]) -> list[tuple[Noun, str, str]]:
    parts: list[Any] = [value[:400].split("|", 2) for value in values[:MOST_SAID]]
    return [(one[0], one[1][:80], one[2]) for one in parts if len(one) == 3 and one[0] in NOUNS]
