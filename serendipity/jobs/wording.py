"""Wording: the reasons of an introduction, as sentences to one of its people, naming nobody.

A reason is a code with facts (see `matching.reasons`). Here the reader is "you", the others are
"they"; only words that were offered to be shown stand in the facts. No number is ever said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from flask_babel import gettext as _

Facts = Mapping[str, Any]
Sentence = Callable[[Facts, int], str]


def headline(reasons: Sequence[Mapping[str, Any]], *, reader_id: int | None) -> str:
    """The letter in one line: whether somebody can help you, or you can help somebody."""
    helping = [reason["facts"] for reason in reasons if reason["code"] == "helps_with"]
    given = [facts for facts in helping if facts["giver"] == reader_id]
    taken = [facts for facts in helping if facts["receiver"] == reader_id]
    if taken and given:
        return str(_("Somebody here can help you, and you can help them."))
    if taken:
        return str(_("Somebody here can help you."))
    if given:
        return str(_("Somebody here could use your help."))
    return str(_("Somebody here whom you have not met."))


def for_reader(reasons: Sequence[Mapping[str, Any]], *, reader_id: int | None) -> list[str]:
    """One sentence a reason, the strongest first; a code nobody put in words is passed over."""
    said = (
        SENTENCES[reason["code"]](reason["facts"], reader_id or 0)
        for reason in reasons
        if reason["code"] in SENTENCES
    )
    return list(dict.fromkeys(sentence for sentence in said if sentence))


def _helps_with(facts: Facts, reader_id: int) -> str:
    if facts["receiver"] == reader_id:
        return _they_help(facts)
    if facts["giver"] == reader_id:
        return _you_help(facts)
    return ""


def _they_help(facts: Facts) -> str:
    need, skill = facts.get("need"), facts.get("skill")
    if need and skill:
        return str(
            _("You wrote “%(need)s”; they can help with “%(skill)s”.", need=need, skill=skill)
        )
    if need:
        return str(_("You wrote “%(need)s”; they can help with that.", need=need))
    if skill:
        return str(_("They can help with “%(skill)s”.", skill=skill))
    return str(_("They can help with something that you asked for."))


def _you_help(facts: Facts) -> str:
    need, skill = facts.get("need"), facts.get("skill")
    if need and skill:
        return str(_("They wrote “%(need)s”; you offer “%(skill)s”.", need=need, skill=skill))
    if need:
        return str(_("They wrote “%(need)s”; you could help.", need=need))
    if skill:
        return str(_("They could use “%(skill)s”, which you offer.", skill=skill))
    return str(_("You offer something that they asked for."))


def _both_know(facts: Facts, reader_id: int) -> str:
    return str(_("There are people whom you both know."))


def _shared_language(facts: Facts, reader_id: int) -> str:
    return str(_("You speak a language in common."))


def _wild_card(facts: Facts, reader_id: int) -> str:
    return str(_("Nothing but chance: you have never met, and that is reason enough."))


SENTENCES: Final[dict[str, Sentence]] = {
    "helps_with": _helps_with,
    "both_know": _both_know,
    "shared_language": _shared_language,
    "wild_card": _wild_card,
}
