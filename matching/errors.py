"""The errors of the matching library, drawn in one place.

    MatchingError
    ├── DuplicatePerson      two people carry the same id
    ├── UnknownPerson        an id that no person of the community carries
    ├── InvalidPerson        a person whose facts cannot be used
    ├── InvalidTie           a tie whose facts cannot be used
    ├── InvalidAsked         an asking whose facts cannot be used
    ├── NaiveInstant         an instant without a time zone
    └── InvalidSetting       a setting outside its range

An error holds facts: the offending id and what is wrong with it. Wording for people is the
caller's affair, but `str(error)` is one clear line for a terminal.
"""

from __future__ import annotations

from collections.abc import Hashable


class MatchingError(ValueError):
    """Something in the input cannot be used; nothing was computed."""


class DuplicatePerson(MatchingError):
    """Two people carry the same id."""

    def __init__(self, id: Hashable) -> None:
        self.id = id
        super().__init__(f"two people have the id {id!r}")


class UnknownPerson(MatchingError):
    """An id that no person of the community carries."""

    def __init__(self, id: Hashable) -> None:
        self.id = id
        super().__init__(f"no person has the id {id!r}")


class InvalidPerson(MatchingError):
    """A person whose facts cannot be used."""

    def __init__(self, id: Hashable, what: str) -> None:
        self.id, self.what = id, what
        super().__init__(f"person {id!r}: {what}")


class InvalidTie(MatchingError):
    """A tie whose facts cannot be used."""

    def __init__(self, a: Hashable, b: Hashable, what: str) -> None:
        self.a, self.b, self.what = a, b, what
        super().__init__(f"tie {a!r} to {b!r}: {what}")


class InvalidAsked(MatchingError):
    """An asking whose facts cannot be used."""

    def __init__(self, a: Hashable, b: Hashable, what: str) -> None:
        self.a, self.b, self.what = a, b, what
        super().__init__(f"asking of {a!r} and {b!r}: {what}")


class NaiveInstant(MatchingError):
    """An instant without a time zone says nothing to two lieux."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"{what} is an instant without a time zone")


class InvalidSetting(MatchingError):
    """A setting outside its range."""

    def __init__(self, name: str, what: str) -> None:
        self.name, self.what = name, what
        super().__init__(f"{name}: {what}")
