"""What the rules of organisations and bookings have against what was given, in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask_babel import gettext, ngettext

from serendipity.errors import SerendipityError
from serendipity.web import forms


def _siret(error: SerendipityError) -> str:
    digits = int(error.facts["digits"])
    if error.facts["why"] == "digits":
        return str(
            gettext("These numbers are made of digits only: nine of a SIREN, fourteen of a SIRET.")
        )
    if error.facts["why"] == "sum":
        return str(gettext("One of the digits is wrong: they do not add up."))
    if digits < 9:
        return str(
            gettext(
                "%(digits)s digits so far; a SIREN has nine and a SIRET fourteen.", digits=digits
            )
        )
    if digits < 14:
        return str(
            ngettext(
                "%(digits)s digits so far; one is missing.",
                "%(digits)s digits so far; %(num)s are missing.",
                14 - digits,
                digits=digits,
            )
        )
    return str(gettext("%(digits)s digits; a SIRET has fourteen.", digits=digits))


def _twice(error: SerendipityError) -> str:
    return str(
        gettext(
            "The clock is set back that night, and shows %(time)s twice. Which one?",
            time=f"{error.facts['wall']:%H:%M}",
        )
    )


def _skipped(error: SerendipityError) -> str:
    return str(
        gettext(
            "The clock is set forward that night: there is no %(time)s. Choose another time.",
            time=f"{error.facts['wall']:%H:%M}",
        )
    )


WORDING: dict[str, Callable[[Any], str]] = {
    "wrong-siret": _siret,
    "wrong-vat-number": lambda _: gettext(
        "This is not a VAT number of the European Union. It begins with two letters for the "
        "country, such as FR or BE."
    ),
    "wrong-country": lambda _: gettext("Choose a country from the list."),
    "provider-away": lambda _: gettext(
        "The payment page cannot be reached just now. Nothing was charged, and the room is held "
        "for you: try again in a moment, or book on invoice."
    ),
    "provider-refused": lambda _: gettext(
        "No payment page could be made. Nothing was charged, and the room is held for you: you "
        "can book on invoice."
    ),
    "no-provider": lambda _: gettext("Cards are not taken here. You can book on invoice."),
    "nothing-to-pay": lambda _: gettext("This booking costs nothing. Just book it."),
    "paying-is-over": lambda _: gettext(
        "The time to pay is over. Nothing was charged; you can book on invoice, or choose a time "
        "again."
    ),
    "last-who-pays": lambda _: gettext("Somebody has to stay who can pay. Nothing was changed."),
    "end-before-start": lambda _: gettext("It has to end after it begins."),
    "off-the-quarter": lambda _: gettext("Bookings begin and end on a quarter of an hour."),
    "in-the-past": lambda _: gettext("That time has passed. Choose a later one."),
    "too-far-ahead": lambda error: gettext(
        "Nobody knows the hours so far ahead. At most %(most_days)s days.", **error.facts
    ),
    "outside-hours": lambda _: gettext("The lieu is not open all that time."),
    "too-many-people": lambda error: gettext(
        "%(people)s people do not fit: the room takes %(capacity)s.", **error.facts
    ),
    "nobody-comes": lambda _: gettext("A room is for one person at least."),
    "room-taken": lambda _: gettext("Somebody was quicker. Nothing was held. What else is free:"),
    "too-many-holds": lambda error: gettext(
        "You hold %(most)s rooms already. Book one of them or give one back first.", **error.facts
    ),
    "not-a-time": lambda _: gettext("This is not a time yet: 14:00, for instance."),
    "ambiguous-time-error": _twice,
    "nonexistent-time-error": _skipped,
    "role-too-small": lambda _: gettext(
        "You may see this organisation's bookings, but not change them. Ask a colleague who may."
    ),
    "hold-expired": lambda _: gettext("The ten minutes are over. Choose a time again."),
    "too-late-to-move": lambda _: gettext(
        "Moving is possible as long as cancelling is free. That has passed."
    ),
    "already-started": lambda _: gettext("It has begun, and can no longer be changed."),
    "already-cancelled": lambda _: gettext("It was cancelled, and can no longer be changed."),
    "too-short-notice": lambda error: gettext(
        "This room is booked at least %(hours)s hours before.",
        hours=-(-int(error.facts["notice_minutes"]) // 60),
    ),
    "needs-yes": lambda _: gettext(
        "The lieu answers bookings of this room by hand, one at a time. Hold it and ask."
    ),
    "not-waiting": lambda _: gettext("Nobody waits for an answer here any more."),
    "not-cancelled": lambda _: gettext("It was not cancelled, so there is nothing to undo."),
    "already-settled": lambda _: gettext("Its money went back already. Book it anew."),
    "not-its-time": lambda _: gettext(
        "One arrives from half an hour before the start until the end."
    ),
    "bad-times": lambda error: gettext("From two days to %(most)s.", most=error.facts["most"]),
    "no-such-rhythm": lambda _: gettext("Choose how often from the list."),
    "some-taken": lambda _: gettext(
        "On some of these days the room cannot be had. Nothing was held. Leave them out, or choose "
        "another time."
    ),
    "room-is-free": lambda _: gettext("It is free: no need to wait. Choose it above."),
    "too-many-waits": lambda error: gettext(
        "You stand in %(most)s lines already. Leave one of them first.", **error.facts
    ),
    "bad-figure": lambda _: gettext("This figure is too small or too large."),
    "room-name-taken": lambda _: gettext("Another room of the lieu is called so."),
    "not-a-photo": lambda _: gettext("This is no photo that we can read: JPEG, PNG or WebP."),
    "photo-too-large": lambda error: gettext(
        "This photo is too large: %(most_megabytes)s MB and fifty million points at most.",
        most_megabytes=error.facts["most_megabytes"],
    ),
    "too-many-photos": lambda error: gettext(
        "A room has %(most)s photos at most. Remove one first.", **error.facts
    ),
    "day-passed": lambda _: gettext("That day has passed."),
    "bad-date": lambda _: gettext("This is not a date yet: 2026-03-31, for instance."),
    "nobody-invoiced": lambda _: gettext("No organisation has its invoices sent there."),
    "already-longer": lambda _: gettext("You had more time already."),
}
forms.WORDING.update(WORDING)
complaint = forms.complaint
__all__ = ["WORDING", "complaint"]
