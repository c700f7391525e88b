"""Wording: the reasons of a suggestion, as sentences to one of its people.

A reason is a code with facts (see `matching.reasons`). The reader is "you"; another is named only
if their name is in `names`, else they are "somebody here". Of who is named, the words they typed
are shown as they are; of who is not, the name of the skill as the vocabulary has it, where one was
heard, because one's own words may give one away. No number is ever said. Skills stand in bold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from babel import Locale, lists
from flask_babel import get_locale, gettext
from markupsafe import Markup

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Reader:
    """Whom the sentences are for, and what they may be told.

    `names`: members who may be named. `labels`: concepts in the reader's language. `offers`: one
    thing that each nameable member can help with, for wild cards.
    """

    id: int
    names: Mapping[int, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    offers: Mapping[int, str] = field(default_factory=dict)


Sentence = Callable[[Facts, Reader], Markup | None]


def sentences(reasons: Sequence[Mapping[str, Any]], reader: Reader) -> list[Markup]:
    """One sentence a reason, the strongest first; a code that has no words is passed over."""
    said = [
        SENTENCES[reason["code"]](reason["facts"], reader)
        for reason in reasons
        if reason["code"] in SENTENCES
    ]
    return list(dict.fromkeys(sentence for sentence in said if sentence))


def headline(reasons: Sequence[Mapping[str, Any]], *, reader_id: int | None) -> str:
    """A letter in one line: whether somebody can help you, or you can help somebody."""
    helping = [reason["facts"] for reason in reasons if reason["code"] == "helps_with"]
    given = any(facts["giver"] == reader_id for facts in helping)
    taken = any(facts["receiver"] == reader_id for facts in helping)
    if taken and given:
        return str(gettext("Somebody here can help you, and you can help them."))
    if taken:
        return str(gettext("Somebody here can help you."))
    if given:
        return str(gettext("Somebody here could use your help."))
    return str(gettext("Somebody here whom you have not met."))


def bold(words: str) -> Markup:
    return Markup("<b>{}</b>").format(words)


def _filled(message: str, **facts: str) -> Markup:
    """The translated message with its facts; what somebody typed is escaped."""
    return Markup(message) % facts  # noqa: S704 (the message is ours, the facts are escaped)


def _helps_with(facts: Facts, reader: Reader) -> Markup | None:
    if facts["receiver"] == reader.id:
        return _they_help(facts, reader)
    if facts["giver"] == reader.id:
        return _you_help(facts, reader)
    return None


def _they_help(facts: Facts, reader: Reader) -> Markup:
    name = reader.names.get(facts["giver"])
    skill = _words(facts, "skill", reader, named=name is not None)
    if name and skill:
        message = gettext(
            "%(name)s answers questions about %(skill)s, and that is what you asked for."
        )
        return _filled(message, name=bold(name), skill=bold(skill))
    if skill:
        message = gettext("Somebody here can help with %(skill)s, and that is what you asked for.")
        return _filled(message, skill=bold(skill))
    if name:
        return _filled(gettext("%(name)s can help with what you asked for."), name=bold(name))
    return Markup(gettext("Somebody here can help with what you asked for."))


def _you_help(facts: Facts, reader: Reader) -> Markup:
    name = reader.names.get(facts["receiver"])
    need = _words(facts, "need", reader, named=name is not None)
    skill = facts.get("skill", "")  # the reader's own words
    if name and need and skill:
        message = gettext("%(name)s asks about %(need)s, and you offer %(skill)s.")
        return _filled(message, name=bold(name), need=bold(need), skill=bold(skill))
    if need and skill:
        message = gettext("Somebody here asks about %(need)s, and you offer %(skill)s.")
        return _filled(message, need=bold(need), skill=bold(skill))
    if name:
        return _filled(gettext("%(name)s asks for something you offer."), name=bold(name))
    return Markup(gettext("Somebody here asks for something you offer."))


def _words(facts: Facts, what: str, reader: Reader, *, named: bool) -> str:
    said = str(facts.get(what, ""))
    return said if named else reader.labels.get(facts.get(f"{what}_concept", ""), said)


def _trade(facts: Facts, reader: Reader) -> Markup | None:
    if reader.id not in (facts["a"], facts["b"]):
        return None
    return Markup(gettext("You could trade."))


def _same_need(facts: Facts, reader: Reader) -> Markup | None:
    if facts["giver"] == reader.id:
        return Markup(gettext("Several people here ask for the same: one table, one answer."))
    if reader.id in facts["people"]:
        return Markup(gettext("You are not the only one who asks this: meet as a small circle."))
    return None


def _both_know(facts: Facts, reader: Reader) -> Markup | None:
    known = shared(facts, reader)
    if not known:
        return None
    names = lists.format_list(known, locale=get_locale())
    if len(facts["people"]) == 2:
        return _filled(gettext("You both know %(names)s."), names=names)
    return _filled(gettext("You all know %(names)s."), names=names)


def shared(facts: Facts, reader: Reader) -> list[str]:
    """Names of shared acquaintances whom the reader may see now."""
    return [reader.names[one] for one in facts["ids"] if one in reader.names]


def _wild_card(facts: Facts, reader: Reader) -> Markup:
    others = [one for one in facts.get("people", ()) if one != reader.id]
    name = reader.names.get(others[0]) if len(others) == 1 else None
    offer = reader.offers.get(others[0]) if name else None
    if name and offer:
        message = gettext(
            "%(name)s can help with %(skill)s. No reason, except that you two have never met."
        )
        return _filled(message, name=bold(name), skill=bold(offer))
    if name:
        message = gettext("%(name)s is here. No reason, except that you two have never met.")
        return _filled(message, name=bold(name))
    return Markup(gettext("Somebody here. No reason, except that you have never met."))


def _by_hand(facts: Facts, reader: Reader) -> Markup:
    return Markup(gettext("The concierge thought of you two."))


SENTENCES: Final[dict[str, Sentence]] = {
    "helps_with": _helps_with,
    "trade": _trade,
    "same_need": _same_need,
    "both_know": _both_know,
    "wild_card": _wild_card,
    "by_hand": _by_hand,
}


def spoken(reasons: Sequence[Mapping[str, Any]]) -> str:
    """The languages they share, in words; nothing when none is known."""
    for reason in reasons:
        if reason["code"] == "shared_language":
            return language_list(reason["facts"]["languages"])
    return ""


def language_list(codes: Sequence[str]) -> str:
    """Language codes as names in the language of the page: French and Dutch."""
    return lists.format_list([language_name(code) for code in codes], locale=get_locale())


def language_name(code: str) -> str:
    locale = Locale.parse(str(get_locale()))
    return str(locale.languages.get(code, code))


def concepts(reasons: Sequence[Mapping[str, Any]]) -> set[str]:
    """Concepts whose labels these reasons may need."""
    return {
        str(reason["facts"][name])
        for reason in reasons
        for name in ("need_concept", "skill_concept")
        if name in reason["facts"]
    }


def opening(reasons: Sequence[Mapping[str, Any]], reader: Reader) -> Markup:
    """A line to begin with, for two who just learned each other's names."""
    for reason in reasons:
        facts = reason["facts"]
        if reason["code"] == "helps_with" and facts["receiver"] == reader.id:
            about = facts.get("need") or facts.get("skill", "")
            return _filled(gettext("“I hear you know about %(what)s.”"), what=about)
        if reason["code"] == "helps_with" and facts["giver"] == reader.id:
            about = facts.get("need") or facts.get("skill", "")
            return _filled(gettext("“You asked about %(what)s. What have you tried?”"), what=about)
    return Markup(gettext("“We have never met. What are you working on?”"))
