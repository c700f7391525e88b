"""Letters as they are read: subject, plain text and HTML, in the member's language, at send time.

A letter is written when its turn comes, not when it is owed: names, places and choices may have
changed since. Each kind has three things: templates/email/<kind>.txt (with a block for the
subject), templates/email/<kind>.html, and a function here that looks up what the two say. Links
begin with the public address from the settings, and with nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Any, Final
from urllib.parse import urlsplit

import css_inline
from babel.lists import format_list as listed
from flask import current_app, render_template
from flask_babel import force_locale, format_date, format_time, get_locale, gettext
from flask_babel import format_currency as money
from sqlalchemy import select
from sqlalchemy.orm import Session

from serendipity import calendars, clock, encounters, introductions, mail, seats, skills, together
from serendipity.config import Settings
from serendipity.introductions import Introduction
from serendipity.lieux import Lieu
from serendipity.mail import Letter
from serendipity.members import Member
from serendipity.web import wording
from serendipity.web.wording import Reader

# 7bit: every server takes it. 998, the longest line of RFC 5322: at 78 the long address in
# List-Unsubscribe would be folded into encoded words, which no mail program reads as an address.
POLICY: Final = SMTP.clone(cte_type="7bit", max_line_length=998)
INLINER: Final = css_inline.CSSInliner(
    keep_style_tags=True,  # the part for dark screens and phones cannot be inlined
    load_remote_stylesheets=False,
)


@dataclass(frozen=True, slots=True)
class Written:
    """A letter in words."""

    subject: str
    text: str
    html: str
    calendar: str = ""  # an iCalendar file that goes along


def written(session: Session, letter: Letter, settings: Settings) -> Written:
    """Write the letter, in its language.

    Raises
    ------
    Exception
        Whatever a template or a look-up cannot do with this letter's facts: the caller records it
        and goes on with the next letter.
    """
    with force_locale(letter.language):
        facts = _common(session, letter, settings)
        facts |= LOOK_UPS[letter.kind](session, letter, facts)
        subject = _subject(letter.kind, facts)
        text = render_template(f"email/{letter.kind}.txt", **facts)
        html = render_template(f"email/{letter.kind}.html", subject=subject, **facts)
    return Written(subject, f"{text.strip()}\n", INLINER.inline(html), facts.get("calendar", ""))


def _subject(kind: str, facts: dict[str, Any]) -> str:
    """One line, whatever anybody typed into a name: nothing there can begin another header."""
    template = current_app.jinja_env.get_template(f"email/{kind}.txt")
    said = "".join(template.blocks["subject"](template.new_context(facts)))
    return " ".join(said.split())


def message(letter: Letter, words: Written, settings: Settings, *, at: datetime) -> bytes:
    """The letter as it goes over the wire."""
    name, address = parseaddr(settings.mail_from)
    host = urlsplit(settings.public_url).hostname or "localhost"
    envelope = EmailMessage(policy=POLICY)
    envelope["From"] = Address(name, addr_spec=address)
    envelope["To"] = Address(addr_spec=letter.recipient)
    envelope["Subject"] = words.subject
    envelope["Date"] = format_datetime(at)
    envelope["Message-ID"] = f"<{letter.public_id}@{host}>"
    envelope["Auto-Submitted"] = "auto-generated"
    envelope["Content-Language"] = letter.language
    if mail.KINDS[letter.kind].by_consent:
        envelope["List-Unsubscribe"] = f"<{stop_link(letter, settings)}>"
        envelope["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    envelope.set_content(words.text)
    envelope.add_alternative(words.html, subtype="html")
    if words.calendar:
        _attach(envelope, words.calendar)
    return envelope.as_bytes()


def _attach(envelope: EmailMessage, calendar: str) -> None:
    """The entry as a file, with the method that mail programs look for in the type."""
    methods = [name for name in ("CANCEL", "REQUEST") if f"METHOD:{name}" in calendar]
    envelope.add_attachment(
        calendar.encode(),
        maintype="text",
        subtype="calendar",
        filename="invitation.ics",
        params={"method": methods[0] if methods else "PUBLISH"},
    )


def file_name(letter: Letter) -> str:
    """The stable name of the letter, for the file that it becomes."""
    return f"{letter.owed_at:%Y%m%dT%H%M%S}-{letter.kind}-{letter.public_id}"


def stop_link(letter: Letter, settings: Settings) -> str:
    token = mail.stop_token(letter, secret=settings.secret_key)
    return f"{settings.public_url.rstrip('/')}/letters/{token}/stop"


# --- what each kind says --------------------------------------------------------------------

LookUp = Callable[[Session, Letter, dict[str, Any]], dict[str, Any]]


def _common(session: Session, letter: Letter, settings: Settings) -> dict[str, Any]:
    member = session.get(Member, letter.member_id) if letter.member_id else None
    lieu = session.get(Lieu, letter.lieu_id) if letter.lieu_id else None
    return {
        **letter.facts,
        "member": member,
        "lieu": lieu,
        "place": lieu.name if lieu else "Serendipity",
        "language": letter.language,
        "sender": parseaddr(settings.mail_from)[1],
        "link": lambda path: settings.public_url.rstrip("/") + path,
        "stop_link": stop_link(letter, settings) if mail.KINDS[letter.kind].by_consent else None,
    }


def _as_it_stands(session: Session, letter: Letter, facts: dict[str, Any]) -> dict[str, Any]:
    return {}


def _introduction(session: Session, letter: Letter, facts: dict[str, Any]) -> dict[str, Any]:
    """Why, and nothing that names the other."""
    reasons = letter.facts["reasons"]
    return {
        "headline": wording.headline(reasons, reader_id=letter.member_id),
        "sentences": _sentences(session, letter, reasons, {}),
        "elsewhere": _elsewhere(session, letter),
    }


def _sentences(
    session: Session, letter: Letter, reasons: list[Any], names: dict[int, str]
) -> list[Any]:
    """The reasons for this reader; the one-line summary where no reason has words."""
    labels = skills.labels(session, wording.concepts(reasons), letter.language)
    said = wording.sentences(reasons, Reader(letter.member_id or 0, names, labels))
    return list(said) or [wording.headline(reasons, reader_id=letter.member_id)]


def _elsewhere(session: Session, letter: Letter) -> str:
    """The other lieu, where an introduction is between two of the network."""
    introduction = _introduction_of(session, letter)
    homes = {introduction.home_of(side.member_id) for side in introduction.sides}
    others = sorted(homes - {letter.lieu_id})
    return session.get_one(Lieu, others[0]).name if others else ""


def _introduction_of(session: Session, letter: Letter) -> Introduction:
    return session.scalars(
        select(Introduction).where(Introduction.public_id == letter.facts["introduction"])
    ).one()


def _revealed(session: Session, letter: Letter, facts: dict[str, Any]) -> dict[str, Any]:
    """Names and addresses, through the one function that gives them and asks for all the yeses."""
    introduction = _introduction_of(session, letter)
    if letter.member_id is None:
        raise introductions.NotAgreed()
    revealed = introductions.revealed(
        session, introduction=introduction, member_id=letter.member_id
    )
    names = {one.member.id: one.member.name for one in revealed.people}
    lieu = session.get_one(Lieu, introduction.lieu_id)
    return {
        "people": revealed.people,
        "names": listed(list(names.values()), locale=get_locale()),
        "sentences": _sentences(session, letter, revealed.reasons, names),
        "opening": wording.opening(revealed.reasons, Reader(letter.member_id)),
        "meeting_place": lieu.name,
    }


def _agreed(session: Session, letter: Letter, facts: dict[str, Any]) -> dict[str, Any]:
    """And when both will be there."""
    introduction = _introduction_of(session, letter)
    times = introductions.proposals(session, introduction=introduction, at=clock.now())
    zone = session.get_one(Lieu, introduction.lieu_id).timezone
    return {
        **_revealed(session, letter, facts),
        "times": [_spoken(one, zone) for one in times],
    }


def _spoken(at: datetime, zone: str) -> str:
    """A day and a time on the lieu's own clock."""
    wall = clock.local(at, zone)
    day, time = format_date(wall.date(), "full"), format_time(wall, "short", rebase=False)
    return str(gettext("%(day)s, %(time)s", day=day, time=time))


def _meeting(session: Session, letter: Letter, facts: dict[str, Any]) -> dict[str, Any]:
    """When and where, with the calendar entry."""
    introduction = _introduction_of(session, letter)
    lieu = session.get_one(Lieu, introduction.lieu_id)
    told = _revealed(session, letter, facts)
    if introduction.meet_at is None:
        raise introductions.NotAgreed()
    return {
        **told,
        "when": _spoken(introduction.meet_at, lieu.timezone),
        "calendar": introductions.calendar_entry(
            introduction,
            summary=str(gettext("Meeting %(names)s", names=told["names"])),
            place=", ".join(part for part in (lieu.name, lieu.address, lieu.city) if part),
            at=letter.owed_at,
        ),
    }


def _digest(session: Session, letter: Letter, facts: dict[str, Any]) -> dict[str, Any]:
    """The week's counts, with its days on the reader's calendar."""
    days = (date.fromisoformat(letter.facts[name]) for name in ("from_day", "to_day"))
    from_day, to_day = (format_date(day, "long") for day in days)
    return {"from_day": from_day, "to_day": to_day}


def _encounter(session: Session, letter: Letter, facts: dict[str, Any]) -> dict[str, Any]:
    """The other one by name: the two met, or the other one says so."""
    met = encounters.encounter_of(
        session, public_id=letter.facts["encounter"], member_id=int(letter.member_id or 0)
    )
    other = session.get_one(Member, met.other_than(int(letter.member_id or 0)))
    return {"name": other.name}


def _together(session: Session, letter: Letter, facts: dict[str, Any]) -> dict[str, Any]:
    """Name and address, through the one function that asks whether both said so."""
    me = int(letter.member_id or 0)
    met = encounters.encounter_of(session, public_id=letter.facts["encounter"], member_id=me)
    contact = together.exchanged(session, encounter=met, member_id=me)
    return {"name": contact.name, "contact": contact}


def _booking(session: Session, letter: Letter, facts: dict[str, Any]) -> dict[str, Any]:
    """Times on the lieu's own clock, money in the reader's language; what a calendar does."""
    told = letter.facts
    starts, ends = (_wall(told, told[name]) for name in ("starts_at", "ends_at"))
    cents = {
        "net": told["net_cents"],
        "total": told["net_cents"] + told["vat_cents"],
        "due": told["due_cents"],
    }
    return {
        "day": format_date(starts.date(), "full"),
        "from_time": _time(starts),
        "to_time": _time(ends),
        "no_show_time": _time(_wall(told, told.get("no_show_at", told["starts_at"]))),
        "held_time": _time(_wall(told, told.get("answer_by", told["starts_at"]))),
        "dates": [_span(told, starts, ends) for _id, starts, ends in told.get("days", ())],
        "path": _path(told),
        "calendar": calendars.invitation(
            told,
            at=letter.owed_at,
            summary=gettext("%(room)s, %(lieu)s", room=told["room"], lieu=facts["place"]),
            organiser=facts["sender"],
            attendee=letter.recipient,
        ),
        **{name: money(Decimal(value) / 100, told["currency"]) for name, value in cents.items()},
    }


def _path(told: dict[str, Any]) -> str:
    organisation = f"/organisations/{told['organisation']}"
    if told.get("series"):
        return f"{organisation}/series/{told['series']}"
    return f"{organisation}/bookings/{told['booking']}"


def _wall(told: dict[str, Any], written_at: str) -> datetime:
    return clock.local(datetime.fromisoformat(written_at), told["timezone"])


def _time(wall: datetime) -> str:
    return str(format_time(wall, "short", rebase=False))


def _span(told: dict[str, Any], starts_at: str, ends_at: str) -> str:
    starts, ends = _wall(told, starts_at), _wall(told, ends_at)
    return f"{format_date(starts.date(), 'full')}, {_time(starts)} – {_time(ends)}"


def _seat(session: Session, letter: Letter, facts: dict[str, Any]) -> dict[str, Any]:
    """Times on the lieu's own clock; and the calendar entry, or its end."""
    told = letter.facts
    starts, ends = (
        clock.local(datetime.fromisoformat(told[name]), told["timezone"])
        for name in ("starts_at", "ends_at")
    )
    return {
        "day": format_date(starts.date(), "full"),
        "from_time": format_time(starts, "short", rebase=False),
        "to_time": format_time(ends, "short", rebase=False),
        "calendar": seats.calendar_file(
            told,
            at=letter.owed_at,
            summary=gettext("%(moment)s at %(place)s", moment=told["moment"], place=facts["place"]),
            link=facts["link"]("/seats"),
            organiser=facts["sender"],
        ),
    }


def _invoice(session: Session, letter: Letter, facts: dict[str, Any]) -> dict[str, Any]:
    """Money and dates as the reader writes them."""
    told = letter.facts
    due_on = told["due_on"] and format_date(date.fromisoformat(told["due_on"]), "long")
    return {"total": money(Decimal(told["total_cents"]) / 100, told["currency"]), "due_on": due_on}


def _refund(session: Session, letter: Letter, facts: dict[str, Any]) -> dict[str, Any]:
    return {"total": money(Decimal(letter.facts["cents"]) / 100, letter.facts["currency"])}


LOOK_UPS: Final[dict[str, LookUp]] = {
    "code": _as_it_stands,
    "introduction": _introduction,
    "agreed": _agreed,
    "meeting": _meeting,
    "silence": _as_it_stands,
    "word": _as_it_stands,
    "digest": _digest,
    "reminder": _revealed,
    "met": _encounter,
    "again": _encounter,
    "together": _together,
    "call": _as_it_stands,
    "missed": _as_it_stands,
    "booking": _booking,
    "hurry": _booking,
    "seat": _seat,
    "seat_reminder": _seat,
    "invoice": _invoice,
    "story": _as_it_stands,
    "refund": _refund,
}
