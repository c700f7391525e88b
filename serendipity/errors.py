"""The error family. Errors hold facts; templates and the API's problem details hold the wording.

    SerendipityError
    ├── Refused            a rule said no: nothing was changed          409
    │   ├── Invalid        what was given cannot be right               422
    │   ├── NotFound       no such thing, or not yours to know of       404
    │   ├── Forbidden      known to you, but not yours to do            403
    │   └── Expired        it was right, but too late                   410
    ├── Busy               the database has no turn for us now          503
    └── ConfigurationError the installation cannot start like this      exit 2

Each noun defines its own small classes below these, beside the rule that raises them.
"""

from __future__ import annotations

from typing import Any, ClassVar


class SerendipityError(Exception):
    """Base of all our errors: the keyword facts given are kept in `facts`."""

    status: ClassVar[int] = 500

    def __init__(self, **facts: Any) -> None:
        self.facts = facts
        super().__init__(", ".join(f"{name}={value!r}" for name, value in facts.items()))


class Refused(SerendipityError):
    """A rule said no; nothing was changed."""

    status = 409


class Invalid(Refused):
    """What was given cannot be right, whoever gives it. Facts: field, given."""

    status = 422


class NotFound(Refused):
    """There is no such thing, or nothing that you may know of: the two answer alike."""

    status = 404


class Forbidden(Refused):
    """You may know of it, but not do this with it."""

    status = 403


class Expired(Refused):
    """It was right, but its time has passed."""

    status = 410


class Busy(SerendipityError):
    """The database is busy or away; nothing was recorded, try again."""

    status = 503


class ConfigurationError(SerendipityError):
    """This installation cannot start as it is. Fact: `why`, one line for the operator."""

    def __str__(self) -> str:
        return str(self.facts.get("why", super().__str__()))


class NonexistentTimeError(Invalid):
    """A clock change jumps over this time. Facts: day, wall, zone."""


class AmbiguousTimeError(Invalid):
    """A clock change repeats this time: say which. Facts: day, wall, zone."""
