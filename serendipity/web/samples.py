"""Samples: what each kind of letter says, with invented people, for the operator to read."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from flask import current_app, render_template
from flask_babel import force_locale, format_date, format_time
from flask_babel import gettext as _

from serendipity import mail


def sample(kind: str, form: str, language: str) -> str:
    """One kind of letter as "html" or "txt", in a language; see `mail.KINDS`."""
    with force_locale(language):
        facts = _facts(kind, language)
        template = current_app.jinja_env.get_template(f"email/{kind}.txt")
        said = "".join(template.blocks["subject"](template.new_context(facts)))
        return render_template(f"email/{kind}.{form}", **{**facts, "subject": said})


def _facts(kind: str, language: str) -> dict[str, Any]:
    base = str(current_app.config["SETTINGS"].public_url).rstrip("/")
    return {
        "subject": kind,
        "place": "La Navette",
        "language": language,
        "lieu": SimpleNamespace(name="La Navette", timezone="Europe/Paris"),
        "member": SimpleNamespace(name="Awa Diallo", email="awa@example.org"),
        "link": lambda path: base + path,
        "stop_link": f"{base}/letters/sample/stop" if mail.KINDS[kind].by_consent else None,
        **_words(),
        **BOOKING,
        "moment": _("Coworking"),
        "title": _("The chair that stands again"),
        "story": "sample",
        "costs": 1,
        # a number there, persons elsewhere
        **({"people": 6} if kind in ("booking", "hurry") else {}),
        **({"what": "invoice", **INVOICE} if kind in ("invoice", "refund") else {}),
    }


def _words() -> dict[str, Any]:
    other = SimpleNamespace(name="Inès Morel", email="ines@example.org")
    return {
        "code": "482917",
        "contact": SimpleNamespace(name=other.name, email=other.email, organisation="La Bobine"),
        "minutes": 10,
        "introduction": "sample",
        "encounter": "sample",
        "name": other.name,
        "headline": _("Somebody here can help you."),
        "sentences": [_("Somebody here can help with what you asked for.")],
        "elsewhere": "",
        "opening": _("“I hear you know about %(what)s.”", what=_("pricing a board game")),
        "times": [_sample_time()],
        "meeting_place": "La Navette",
        "when": _sample_time(),
        "hints": ["need", "skill", "share"],
        "from_day": format_date(SAMPLE_TIME.date(), "long"),
        "to_day": format_date(SAMPLE_TIME.date(), "long"),
        "counts": [
            ("people", 38),
            ("newcomers", 3),
            ("introductions", 12),
            ("agreed", 5),
            ("met", 4),
            ("needs", 2),
            ("letters", 1),
        ],
        "people": [SimpleNamespace(member=other, place="", until=None)],
        "names": other.name,
        "words": _("pricing a board game"),
    }


def _sample_time() -> str:
    day = format_date(SAMPLE_TIME.date(), "full")
    return str(_("%(day)s, %(time)s", day=day, time=format_time(SAMPLE_TIME, "short")))


SAMPLE_TIME = datetime(2026, 3, 27, 11, 30, tzinfo=UTC)
BOOKING: dict[str, Any] = {
    "what": "confirmed",
    "organisation": "sample",
    "organisation_name": "La Bobine",
    "booking": "sample",
    "room": "Métier",
    "starts_at": "2026-03-26T13:00:00+00:00",
    "ends_at": "2026-03-26T15:00:00+00:00",
    "day": "2026-03-26",
    "from_time": "14:00",
    "to_time": "16:00",
    "net": "48.00 €",
    "total": "57.60 €",
    "no_show_time": "14:15",
    "held_time": "13:30",
    "dates": [],
    "path": "/organisations/sample/bookings/sample",
    "due": "57.60 €",
}
INVOICE: dict[str, Any] = {
    "invoice": "sample",
    "number": "NAVETTE-2026-00042",
    "credits": "",
    "lines": ["Métier, La Navette, 26.3.2026, 14:00 – 16:00"],
    "due_on": "25.4.2026",
    "paid": False,
    "why": "late",
    "whole": True,
}
