"""The people of the demo, read from people.tsv: invented, with plausible skills and needs."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from matching.text import normalised


@dataclass(frozen=True)
class Person:
    """One row of people.tsv."""

    name: str
    language: str
    spoken: tuple[str, ...]
    lieu: str
    group: str
    skills: tuple[str, ...]
    needs: tuple[str, ...]

    @property
    def email(self) -> str:
        return normalised(self.name).replace(" ", ".") + "@demo.example.org"


def people() -> list[Person]:
    """All of them, in the order of the file."""
    with Path(__file__).with_name("people.tsv").open(encoding="utf-8", newline="") as file:
        return [
            Person(
                name=row["name"],
                language=row["language"],
                spoken=tuple(row["spoken"].split(",")),
                lieu=row["lieu"],
                group=row["group"],
                skills=tuple(part.strip() for part in row["skills"].split(";")),
                needs=tuple(part.strip() for part in row["needs"].split(";")),
            )
            for row in csv.DictReader(file, delimiter="\t")
        ]
