"""Arrivals: everything that a person says at the door, taken in one go.

A member whose browser is signed in, or somebody the concierge sees, arrives at once (`arrive`).
A browser that has not proved its address only declares (`declare`): what was said is kept, and
nothing else changes, whether the address is known or not. So nobody can write into another's
profile, and nothing tells who is a member. The emailed code turns it into an arrival (`enter`);
without a code, the concierge may vouch for a person they see (`vouch`).

Who has no phone says it on the screen at the door (`declare_at_kiosk`). No browser waits there: the
letter says on which page the code is typed, and only whoever has the letter knows that page.

Rules kept here: unproved words change nobody's profile; a browser has one declaration, the last;
a declaration is dropped when it has been used, when the person is here, and when its day is over.
"""

from serendipity.arrivals.arriving import Entry, arrive, enter, vouch
from serendipity.arrivals.declaring import (
    SWITCHES,
    Choices,
    Declaration,
    NoSuchDeclaration,
    Told,
    declare,
    declare_at_kiosk,
    declared_at,
    declared_by,
    forget,
    key_of,
    name_in,
)

__all__ = [
    "Choices",
    "Declaration",
    "Entry",
    "NoSuchDeclaration",
    "SWITCHES",
    "Told",
    "arrive",
    "declare",
    "declare_at_kiosk",
    "declared_at",
    "declared_by",
    "enter",
    "forget",
    "key_of",
    "name_in",
    "vouch",
]
