"""Forms: a rule's complaint, in words, beside the field it is about; what was typed stays.

A rule that refuses a field holds the field's name in its facts (`field`). The front catches the
error, puts it beside the field, and shows the form again: nothing that was typed is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask_babel import gettext, ngettext
from flask_wtf import FlaskForm

from serendipity.errors import Busy, SerendipityError
from serendipity.web import errors


class Form(FlaskForm):
    """A form whose words are all ours: rules complain, templates have the labels.

    So it looks for no words of WTForms in the language of the page, and makes no token either:
    every POST is checked before its view (`CSRFProtect`), and templates write the token's field.
    The two would cost each form a millisecond.
    """

    class Meta(FlaskForm.Meta):
        csrf = False

        def get_translations(self, form: Any) -> None:
            return None


def _wrong_code(left: int) -> str:
    if left == 0:
        return str(gettext("That was not the code either. Please ask for a new one."))
    return str(
        ngettext(
            "This is not the code we sent. One try is left.",
            "This is not the code we sent. %(num)s tries are left.",
            left,
        )
    )


def _bad_siret(digits: int) -> str:
    if digits == 14:
        return str(gettext("These 14 digits do not add up. Is one of them mistyped?"))
    return str(
        ngettext(
            "One digit so far; a SIRET has 14.", "%(num)s digits so far; a SIRET has 14.", digits
        )
    )


WORDING: dict[str, Callable[[SerendipityError], str]] = {
    "words-too-long": lambda error: (
        gettext(
            "Too long: %(length)s characters, and %(most)s fit here. Commas separate skills.",
            **error.facts,
        )
        if error.facts.get("field") == "skills"
        else gettext("Too long: %(length)s characters, and %(most)s fit here.", **error.facts)
    ),
    "words-unreadable": lambda _: gettext(
        "There are characters in this that no screen can show. Please type it again."
    ),
    "words-missing": lambda _: gettext("Please fill this in."),
    "bad-email": lambda _: gettext(
        "This is not an email address yet. Is a letter or the @ missing?"
    ),
    "too-many-skills": lambda error: gettext(
        "At most %(most)s skills fit. Keep those you like to be asked about.", **error.facts
    ),
    "bad-until": lambda _: gettext("That time has passed. Choose a later one."),
    "bad-door-code": lambda _: gettext(
        "No door shows these digits now. They change every 15 seconds: type those you see."
    ),
    "two-doors-show-it": lambda _: gettext(
        "Two doors happen to show these digits. Wait for the next ones, or scan."
    ),
    "bad-pairing-code": lambda _: gettext(
        "No screen waits for this code. It may be older than ten minutes: make a new one."
    ),
    "wrong-code": lambda error: _wrong_code(int(error.facts["left"])),
    "challenge-gone": lambda _: gettext(
        "That took more than five minutes, or was answered already. Please press the button again."
    ),
    "bad-passkey": lambda _: gettext(
        "This passkey does not open this door. The code by email always works."
    ),
    "passkey-known": lambda _: gettext("This device has its passkey here already."),
    "too-many-passkeys": lambda error: gettext(
        "%(most)s passkeys fit. Remove one you no longer use.", **error.facts
    ),
    "code-gone": lambda _: gettext(
        "This code no longer works: it lives for ten minutes and five tries. Ask for a new one "
        "below; nothing you said is lost."
    ),
    "too-often": lambda error: gettext(
        "That was tried too often. Please wait %(minutes)s minutes; what you typed is still here.",
        minutes=1 + int(error.facts["retry_after"]) // 60,
    ),
    "busy": lambda _: gettext(
        "The database is busy. Nothing was recorded, and all you typed is still here: "
        "press the button again."
    ),
    "note-too-short": lambda error: gettext(
        "At least %(words)s words, please: the next concierge was not here.", **error.facts
    ),
    "bad-zone": lambda _: gettext("There is no such time zone. Write it like Europe/Brussels."),
    "bad-seats": lambda error: gettext("A whole number from 0 to %(most)s.", **error.facts),
    "bad-siret": lambda error: _bad_siret(int(error.facts["digits"])),
    "bad-terms": lambda error: gettext("A whole number from 0 to %(most)s.", **error.facts),
    "same-rules": lambda _: gettext("Nothing is different, so there is no new version."),
    "rules-moved": lambda error: gettext(
        "Somebody wrote version %(version)s since you opened this page. What you typed is still "
        "here: open the rules in another tab, and write on from theirs.",
        **error.facts,
    ),
    "no-such-outcome": lambda _: gettext("Choose one of these."),
    "not-enough": lambda error: gettext(
        "You have %(balance)s to give; what is promised is not yours to give on.", **error.facts
    ),
    "nobody-here": lambda _: gettext("Choose somebody who is here, and not yourself."),
    "does-not-count": lambda _: gettext("By the house rules this counts for nothing now."),
    "already-posted": lambda _: gettext("This was thanked for already."),
    "nobody-chosen": lambda _: gettext("Choose somebody you have met."),
    "bad-amount": lambda _: gettext("A whole number, 1 or more."),
    "not-here-today": lambda _: gettext(
        "You were not checked in anywhere today. Whom you met is told on the day."
    ),
    "not-new": lambda _: gettext("This is said in the first two months, and once."),
    "bad-time": lambda _: gettext("Times are written like 09:00."),
    "bad-span": lambda _: gettext("It ends before it begins."),
    "spans-overlap": lambda _: gettext("Two of one day overlap. They may touch."),
    "nobody-with-email": lambda _: gettext(
        "No member has this address yet. They check in once, then you can name them."
    ),
    "too-many-calls": lambda error: gettext(
        "%(most)s calls at a time. Take one back first; what you typed is still here.",
        **error.facts,
    ),
    "no-seat-left": lambda _: gettext(
        "The last seat was kept a moment ago. Choose another moment, or just come: there is often "
        "room."
    ),
    "already-kept": lambda _: gettext("You keep a seat at that hour already."),
    "too-many-seats": lambda error: gettext(
        "%(most)s seats at a time. Give one back first.", **error.facts
    ),
    "no-such-moment": lambda _: gettext(
        "No seat can be kept for that any more. Choose another moment."
    ),
    "bad-count": lambda error: gettext("A whole number from 0 to %(most)s.", **error.facts),
    "not-here": lambda _: gettext("You are not checked in any more, so nobody was asked."),
    "bad-day": lambda _: gettext("There is no such day. Write it like 2026-03-26."),
    "bad-plan": lambda _: gettext(
        "A time at the desk is still to come, a quarter of an hour to fourteen hours long, "
        "and at most three months ahead."
    ),
    "names-somebody": lambda error: gettext(
        "%(name)s is named in these words, and is not among those you ask. "
        "Tick their name, or tell it without.",
        **error.facts,
    ),
    "too-many-named": lambda error: gettext("At most %(most)s people in one story.", **error.facts),
    "pass-over": lambda _: gettext(
        "More than 15 minutes have passed since you scanned. All you typed is still here: "
        "type the six digits that the door shows now, or scan again and come back to this page."
    ),
}


def complaint(error: SerendipityError) -> str:
    """What a rule has against what was given, for the person who gave it."""
    worded = WORDING.get("busy" if isinstance(error, Busy) else errors.kind(error))
    return str(worded(error)) if worded else str(gettext("This cannot be right."))


def beside(form: FlaskForm, error: SerendipityError, field: str = "") -> FlaskForm:
    """The form with the complaint beside its field, or above it when it is about no field."""
    name = field or str(error.facts.get("field", ""))
    if name in form:
        form[name].errors = [*form[name].errors, complaint(error)]
    else:
        form.form_errors = [*form.form_errors, complaint(error)]
    return form
