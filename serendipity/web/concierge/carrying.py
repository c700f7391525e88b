"""One idea, closer: why, in the languages of both, words ready to send, somebody else instead."""

from __future__ import annotations

from dataclasses import dataclass

from flask import flash, g, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from flask_babel import force_locale, gettext

from serendipity import clock, skills
from serendipity.db import reading, writing
from serendipity.members import Member
from serendipity.postures import post
from serendipity.postures.post import Carry
from serendipity.web import traces, wording
from serendipity.web.access import access, current_member
from serendipity.web.concierge import blueprint
from serendipity.web.concierge.desk import shift_now
from serendipity.web.wording import Reader


@dataclass(frozen=True)
class Note:
    """Words for one of them, in their language, that name nobody else."""

    member: Member
    text: str
    free: list[tuple[str, str]]  # who could meet this one instead of the other: id and name


@blueprint.get("/<slug>/suggestions/<suggestion>")
@access("concierge")
def carry(slug: str, suggestion: str) -> ResponseReturnValue:
    at = clock.now()
    found = post.carried(reading(), shift=g.shift, public_id=suggestion, at=at)
    traces.leave(g.shift, {"seen-present": [one.id for one in found.members]})
    return render_template(
        "concierge/carry.html", lieu=g.lieu, carry=found, notes=_notes(found, pair=_is_pair(found))
    )


def _is_pair(found: Carry) -> bool:
    return len(found.members) == 2


def _notes(found: Carry, *, pair: bool) -> list[Note]:
    return [
        Note(member, _note(found, member), _free(found, member) if pair else [])
        for member in found.members
    ]


def _free(found: Carry, member: Member) -> list[tuple[str, str]]:
    people = post.may_take_the_place(reading(), carry=found, kept_id=member.id, at=clock.now())
    return [(one.public_id, one.name) for one in people]


def _note(found: Carry, member: Member) -> str:
    """A message to one of them. The other is not named: neither has said yes."""
    concepts = [
        value
        for reason in found.suggestion.reasons
        for key, value in reason["facts"].items()
        if key.endswith("_concept") and value
    ]
    with force_locale(member.language):
        reader = Reader(member.id, labels=skills.labels(reading(), concepts, member.language))
        why = [
            str(said.striptags()) for said in wording.sentences(found.suggestion.reasons, reader)
        ]
        first = (member.name.split() or [member.name])[0]
        return "\n".join(
            [
                gettext("Hello %(name)s,", name=first),
                *(why or [gettext("There is somebody here whom I would like you to meet.")]),
                gettext("Shall I introduce you? I am at the desk."),
                f"{current_member().name}, {g.lieu.name}",
            ]
        )


@blueprint.post("/<slug>/suggestions/<suggestion>/swap")
@access("concierge")
def swap(slug: str, suggestion: str) -> ResponseReturnValue:
    with writing() as db:
        post.swap(
            db,
            shift=shift_now(db),
            public_id=suggestion,
            keep=request.form.get("keep", ""),
            other=request.form.get("other", ""),
            at=clock.now(),
        )
    flash(gettext("A new idea for the two. Nobody is told of the other one."))
    return redirect(url("concierge.show", slug=slug, _anchor="post"), 303)
