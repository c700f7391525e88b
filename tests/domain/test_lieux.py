"""Lieux: founded, described, opened; their hours and moments."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from serendipity import hours, lieux, words
from serendipity.errors import Refused
from serendipity.lieux import Lieu, Span


def a_founded(session: Session, at: datetime, **given: Any) -> Lieu:
    return lieux.found(session, **{"name": "La Navette", "at": at, **given})


def test_a_slug_is_made_of_the_name_then_of_the_city_then_numbered(
    session: Session, at: datetime
) -> None:
    slugs = [a_founded(session, at, name="L’Été Fab!", city="Saint-Étienne").slug for _ in range(4)]
    assert slugs[0] == "l-ete-fab"
    assert slugs[1:3] == ["l-ete-fab-saint-etienne", "l-ete-fab-saint-etienne-2"]
    assert slugs[3] == "l-ete-fab-saint-etienne-3"


def test_a_given_slug_that_is_taken_is_refused_and_the_session_goes_on(
    session: Session, at: datetime
) -> None:
    a_founded(session, at, slug="navette")
    with pytest.raises(lieux.SlugTaken) as refused:
        a_founded(session, at, slug="navette")
    assert refused.value.facts == {"slug": "navette"}
    assert a_founded(session, at, slug="navette-2").opened_at == at


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"name": "  "}, words.WordsMissing),
        ({"name": "x" * 161}, words.WordsTooLong),
        ({"name": "nul\0"}, words.WordsUnreadable),
        ({"slug": "Not A Slug"}, lieux.BadSlug),
        ({"slug": "../etc"}, lieux.BadSlug),
        ({"timezone": "Europe/Atlantis"}, lieux.BadZone),
        ({"timezone": "../../etc/passwd"}, lieux.BadZone),
        ({"language": "de"}, lieux.BadLanguage),
        ({"seats": -1}, lieux.BadSeats),
        ({"seats": 2**63}, lieux.BadSeats),
        ({"siret": "849 201 337 0001"}, lieux.BadSiret),
        ({"siret": "73282932000075"}, lieux.BadSiret),
    ],
)
def test_a_lieu_that_cannot_be_right_is_not_founded(
    session: Session, at: datetime, given: dict[str, Any], error: type[Refused]
) -> None:
    with pytest.raises(error):
        a_founded(session, at, **given)
    assert session.query(Lieu).count() == 0


def test_a_siret_is_kept_as_its_digits_and_a_short_one_says_how_many_it_has(
    session: Session, at: datetime
) -> None:
    assert a_founded(session, at, siret="732 829 320 00074").siret == "73282932000074"
    with pytest.raises(lieux.BadSiret) as refused:
        a_founded(session, at, siret="849 201 337 0001")
    assert refused.value.facts["digits"] == 13


@pytest.mark.parametrize(
    ("zone", "country"), [("Europe/Brussels", "BE"), ("Pacific/Noumea", "NC"), ("UTC", "FR")]
)
def test_a_lieu_is_in_the_country_of_its_zone(
    session: Session, at: datetime, zone: str, country: str
) -> None:
    assert a_founded(session, at, timezone=zone).country == country


def test_hours_replace_what_they_were(session: Session, at: datetime) -> None:
    lieu = a_founded(session, at)
    lieux.keep_hours(session, lieu=lieu, spans=[Span(0, 540, 1080)])
    lieux.keep_hours(session, lieu=lieu, spans=[Span(3, 780, 1080), Span(3, 540, 720)])
    assert lieux.hours_of(session, lieu_id=lieu.id) == [Span(3, 540, 720), Span(3, 780, 1080)]


@pytest.mark.parametrize(
    ("spans", "error"),
    [
        ([Span(0, 600, 600)], lieux.BadSpan),
        ([Span(0, 600, 540)], lieux.BadSpan),
        ([Span(0, -1, 540)], lieux.BadSpan),
        ([Span(0, 600, 1441)], lieux.BadSpan),
        ([Span(7, 600, 700)], lieux.BadSpan),
        ([Span(1, 540, 720), Span(1, 719, 800)], lieux.SpansOverlap),
    ],
)
def test_hours_that_cannot_be_are_refused_and_the_old_ones_stay(
    session: Session, at: datetime, spans: list[Span], error: type[Refused]
) -> None:
    lieu = a_founded(session, at)
    lieux.keep_hours(session, lieu=lieu, spans=[Span(0, 540, 1080)])
    with pytest.raises(error):
        lieux.keep_hours(session, lieu=lieu, spans=spans)
    assert lieux.hours_of(session, lieu_id=lieu.id) == [Span(0, 540, 1080)]


def test_moments_may_touch_and_need_a_name(session: Session, at: datetime) -> None:
    lieu = a_founded(session, at)
    touching = [Span(3, 540, 1020, "Coworking"), Span(3, 1020, 1140, "AMAP")]
    lieux.keep_moments(session, lieu=lieu, spans=touching)
    assert lieux.moments_of(session, lieu_id=lieu.id) == touching
    with pytest.raises(words.WordsMissing):
        lieux.keep_moments(session, lieu=lieu, spans=[Span(3, 540, 1020)])
    assert lieux.moments_of(session, lieu_id=lieu.id) == touching


@pytest.mark.parametrize(
    ("day", "opens", "closes"),
    [
        (date(2026, 3, 28), 8, 17),  # Saturday in winter time
        (date(2026, 3, 29), 7, 16),  # Sunday, the clock went forward in the night
        (date(2026, 10, 24), 7, 16),
        (date(2026, 10, 25), 8, 17),  # and back
    ],
)
def test_open_hours_are_those_of_the_wall_clock_on_both_sides_of_a_change(
    session: Session, at: datetime, day: date, opens: int, closes: int
) -> None:
    lieu = a_founded(session, at)
    lieux.keep_hours(session, lieu=lieu, spans=[Span(n, 540, 1080) for n in range(7)])
    assert hours.open_hours(session, lieu=lieu, day=day) == [
        (
            datetime(day.year, day.month, day.day, opens, tzinfo=UTC),
            datetime(day.year, day.month, day.day, closes, tzinfo=UTC),
        )
    ]


def test_an_imported_lieu_is_found_without_accents_and_leaves_the_list_when_opened(
    session: Session, at: datetime
) -> None:
    session.add(Lieu(slug="ete", name="École d’Été", city="Évry", postcode="91000", created_at=at))
    session.flush()
    for search in ("ecole", "ÉVRY", "910", ""):
        (lieu,) = lieux.imported_lieux(session, search=search)
    assert lieux.imported_lieux(session, search="%") == [lieu]  # no word at all, so everything
    assert lieux.imported_lieux(session, search="nowhere") == []
    lieux.open_up(session, lieu=lieu, at=at)
    assert lieux.imported_count(session) == 0
    assert lieux.open_lieux(session) == [lieu]
