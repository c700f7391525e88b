"""Moments: what a lieu is at this hour and in the course of the week, as pages show it."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby
from typing import Any

from flask_babel import get_locale, gettext
from sqlalchemy import select

from serendipity import hours
from serendipity.db import reading
from serendipity.lieux import Lieu, Moment
from serendipity.web.walltime import wall

RIBBON = 14  # parts of a ribbon's width
MOST = 5


def ribbon(lieu: Lieu, *, at: datetime, most: int = MOST) -> list[dict[str, Any]]:
    """Today's moments for `day_ribbon`: those that still come, the present one widest."""
    today = hours.moments_today(reading(), lieu=lieu, at=at)
    shown = [slot for slot in today if slot.ends > at][:most] or today[-1:]
    width = {1: 5, 2: 5, 3: 4, 4: 3}.get(len(shown), 2)
    return [
        {
            "name": slot.name,
            "when": _when(slot, lieu, at),
            "width": min(width + 2, 5) if slot.is_now(at) and len(shown) > 3 else width,
            "now": slot.is_now(at),
        }
        for slot in shown
    ]


def _when(slot: hours.Slot, lieu: Lieu, at: datetime) -> str:
    if slot.is_now(at):
        return str(gettext("now, until %(time)s", time=wall(slot.ends, lieu.timezone)))
    return str(gettext("from %(time)s", time=wall(slot.starts, lieu.timezone)))


def week(lieu: Lieu) -> list[tuple[str, list[str]]]:
    """("Monday to Friday", ["Coworking, 09:00 to 17:00"]): days that are alike share a line."""
    by_day: dict[int, list[str]] = {}
    for moment in reading().scalars(
        select(Moment).where(Moment.lieu_id == lieu.id).order_by(Moment.weekday, Moment.starts)
    ):
        by_day.setdefault(moment.weekday, []).append(_line(moment))
    runs = groupby(range(7), key=lambda day: by_day.get(day, []))
    return [(_days(list(days)), lines) for lines, days in runs if lines]


def _line(moment: Moment) -> str:
    return str(
        gettext(
            "%(moment)s, %(start)s to %(end)s",
            moment=moment.name,
            start=f"{moment.starts // 60:02d}:{moment.starts % 60:02d}",
            end=f"{moment.ends // 60:02d}:{moment.ends % 60:02d}",
        )
    )


def _days(days: list[int]) -> str:
    names = get_locale().days["format"]["wide"]
    first, last = names[days[0]].capitalize(), names[days[-1]]
    if len(days) == 1:
        return str(first)
    return str(gettext("%(first)s to %(last)s", first=first, last=last))
