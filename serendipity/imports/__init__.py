"""Imports: lieux, members and vocabularies that come in from a file.

Rules kept here: a file that cannot be read as what it should be is refused whole, with the line
and one clear reason; a row that cannot be right is refused alone, with its line and reason, and
the rest goes in, in one transaction. A second run of the same file changes nothing: what is
already here is left as it is, because people may have changed it since.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from serendipity.errors import Refused


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that did not go in."""

    line: int
    why: str


@dataclass(slots=True)
class Report:
    """What an import did."""

    new: int = 0
    unchanged: int = 0
    refused: list[Refusal] = field(default_factory=list)

    def refuse(self, line: int, why: str) -> None:
        self.refused.append(Refusal(line, why))


class UnusableRow(Refused):
    """A row that cannot be right. Fact: why."""

    def __str__(self) -> str:
        return str(self.facts["why"])
