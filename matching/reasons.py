"""Reasons: why these people, as codes and facts that templates turn into sentences.

Rules kept here. A fact is an id, a text or an instant, never a number to be compared by. A text
appears only if its owner lets it be shown. A third person is named only if that person is
visible to everyone the suggestion goes to. Nothing is said of blocks, pauses or history.

| code | facts |
|---|---|
| helps_with | giver, receiver, need, skill (each text only if shown), concept |
| trade | a, b: each serves the other |
| same_need | people, giver: one helper, several who need the same |
| both_know | people, ids of shared acquaintances visible to all |
| shared_language | languages |
| same_moment_until | until: the first of them leaves then |
| wild_card | people: nothing but chance and that they never met |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations, permutations
from typing import Any

import numpy as np

from matching.acquaintance import Acquaintance
from matching.affinity import Affinity
from matching.people import Id, Need, Person, Skill, as_need, as_skill
from matching.roster import Roster

# Below this, help is a guess and is not promised to anyone.
WORTH_SAYING = 0.3
NAMED = 3


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason: a code and its facts."""

    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def reasons(
    affinity: Affinity, acquaintance: Acquaintance, members: tuple[int, ...]
) -> tuple[Reason, ...]:
    """Return why the people at these positions should meet, the strongest reason first."""
    roster = affinity.roster
    people = [roster.people[m] for m in members]
    help_ = [r for pair in permutations(members, 2) if (r := _helps_with(affinity, *pair))]
    found = [*help_, *_trades(help_), *_same_needs(help_)]
    if not help_:
        found.append(Reason("wild_card", {"people": tuple(p.id for p in people)}))
    found += _both_know(roster, acquaintance, members)
    found += _shared_language(people)
    found += _until(people)
    return tuple(found)


def _helps_with(affinity: Affinity, receiver: int, giver: int) -> Reason | None:
    """Return the best need of the receiver that a skill of the giver serves."""
    roster = affinity.roster
    best = max(
        (
            (value, -n, -s, need, skill)
            for n, need in enumerate(map(as_need, roster.people[receiver].needs))
            for s, skill in enumerate(map(as_skill, roster.people[giver].skills))
            if (value := affinity.worth(need, skill)) >= WORTH_SAYING
        ),
        default=None,
        key=lambda row: row[:3],
    )
    if best is None:
        return None
    facts = {"giver": roster.people[giver].id, "receiver": roster.people[receiver].id}
    return Reason("helps_with", facts | _said(best[3], best[4]))


def _said(need: Need, skill: Skill) -> dict[str, Any]:
    """Return the texts that their owners let be shown."""
    facts: dict[str, Any] = {}
    if need.shown:
        facts["need"] = need.text
    if skill.shown:
        facts["skill"] = skill.text
    if need.shown and skill.shown and need.concept is not None and need.concept == skill.concept:
        facts["concept"] = need.concept
    return facts


def _trades(helping: list[Reason]) -> list[Reason]:
    ways = {(r.facts["giver"], r.facts["receiver"]) for r in helping}
    pairs = combinations(dict.fromkeys(r.facts["giver"] for r in helping), 2)
    return [
        Reason("trade", {"a": a, "b": b}) for a, b in pairs if (a, b) in ways and (b, a) in ways
    ]


def _same_needs(helping: list[Reason]) -> list[Reason]:
    """Return one reason for every helper whom several need, in a circle."""
    served: dict[Id, list[Id]] = {}
    for reason in helping:
        served.setdefault(reason.facts["giver"], []).append(reason.facts["receiver"])
    return [
        Reason("same_need", {"giver": giver, "people": tuple(people)})
        for giver, people in served.items()
        if len(people) > 1
    ]


def _both_know(
    roster: Roster, acquaintance: Acquaintance, members: tuple[int, ...]
) -> list[Reason]:
    shared = acquaintance.neighbours(members[0])
    for m in members[1:]:
        shared = np.intersect1d(shared, acquaintance.neighbours(m), assume_unique=True)
    people = [roster.people[m] for m in members]
    named = [p.id for s in shared.tolist() if visible_to(p := roster.people[s], people)]
    facts = {"people": tuple(p.id for p in people), "ids": tuple(named[:NAMED])}
    return [Reason("both_know", facts)] if named else []


def visible_to(person: Person, others: list[Person]) -> bool:
    """Return whether `person` may be named to all `others`; a block hides both ways."""
    if any(o.id in person.blocked or person.id in o.blocked for o in others):
        return False
    if isinstance(person.visible, bool):
        return person.visible
    return all(o.id in person.visible for o in others)


def _shared_language(people: list[Person]) -> list[Reason]:
    first, *rest = people
    others = [{code.casefold() for code in person.languages} for person in rest]
    shared = [code for code in first.languages if all(code.casefold() in o for o in others)]
    return [Reason("shared_language", {"languages": tuple(shared)})] if shared else []


def _until(people: list[Person]) -> list[Reason]:
    until = [person.until for person in people if person.until is not None]
    whole = len(until) == len(people)
    return [Reason("same_moment_until", {"until": min(until)})] if whole and until else []
