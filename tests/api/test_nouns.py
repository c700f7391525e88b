"""Each noun, as a program meets it: the happy way, and what its rules refuse."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from serendipity import kiosks, lieux, skills
from serendipity.consent import Consent
from serendipity.lieux import Lieu
from serendipity.presence import Presence
from serendipity.skills import Concept, Family
from tests.api.conftest import House, items
from tests.conftest import NOON, Clock
from tests.pages import beside
from tests.rows import somebody_here

EVENING = "2026-03-26T18:30:00+01:00"


def here(api: Any, name: str) -> str:
    found: str = items(api(name).get("/check-ins"))[0]["id"]
    return found


# --- lieux ----------------------------------------------------------------------------------


def test_lieux_come_in_pages_by_name_and_each_once(api: Any) -> None:
    first = api("kiosk").get("/lieux?limit=1").get_json()
    second = api("kiosk").get(f"/lieux?limit=1&cursor={first['next']}").get_json()
    assert [one["slug"] for one in first["items"] + second["items"]] == ["elsewhere", "la-navette"]
    assert second["next"] is None


def test_a_lieu_tells_its_week_and_when_it_closes(app: Flask, api: Any) -> None:
    with beside(app) as session:
        lieu = lieux.lieu_named(session, "la-navette")
        lieux.keep_moments(session, lieu=lieu, spans=[lieux.Span(3, 720, 1440, "Repair café")])
        session.commit()
    said = api("kiosk").get("/lieux/la-navette").get_json()
    assert said["openings"][0] == {"weekday": 0, "starts": "08:00", "ends": "20:00", "name": ""}
    assert said["moment"] == "Repair café"
    assert said["closes_at"] == "2026-03-26T19:00:00Z"
    today = items(api("kiosk").get("/lieux/la-navette/moments"))
    assert today == [
        {
            "name": "Repair café",
            "starts_at": "2026-03-26T11:00:00Z",
            "ends_at": "2026-03-26T23:00:00Z",
            "now": True,
        }
    ]
    assert items(api("kiosk").get("/lieux/la-navette/moments?day=2026-03-27")) == []


def test_a_lieu_that_is_only_known_from_an_import_does_not_exist(app: Flask, api: Any) -> None:
    with beside(app) as session:
        lieux.lieu_named(session, "elsewhere").opened_at = None
        session.commit()
    assert api("kiosk").get("/lieux/elsewhere").status_code == 404
    assert [one["slug"] for one in items(api("kiosk").get("/lieux"))] == ["la-navette"]


def test_skills_are_counts_of_three_people_or_more_and_never_fewer(
    app: Flask, house: House, api: Any
) -> None:
    with beside(app) as session:
        session.add(Family(id="craft", vocabulary="x", labels={"en": "Crafts"}))
        for name in ("sewing", "welding"):
            labels = {"en": name.capitalize()}
            session.add(Concept(id=name, vocabulary="x", family="craft", labels=labels))
        session.flush()
        for name, can in (("awa", "sewing"), ("ines", "sewing"), ("bob", "welding")):
            who, before = house.members[name], NOON - timedelta(hours=1)
            skills.offer(session, member_id=who, words=[can], language="en", at=before)
            skills.skills_of(session, [who])[who][0].concept_id = can
        session.commit()
    said = api("kiosk").get("/lieux/la-navette/skills", Accept_Language="en").get_json()
    assert said == {
        "counted_at": "2026-03-26T12:00:00Z",
        "people": 3,
        "tables": [{"kind": "family", "name": "craft", "label": "Crafts", "people": 3}],
    }
    assert api("kiosk").get("/lieux/elsewhere/skills").get_json()["people"] == 0


# --- check-ins ------------------------------------------------------------------------------


def test_a_check_in_without_a_code_is_declared_and_neither_seen_nor_seeing(
    app: Flask, house: House, api: Any
) -> None:
    given = {"lieu": "la-navette", "until": EVENING, "choices": {"here_today": True}}
    made = api("away").post("/check-ins", given)
    assert made.status_code == 201
    assert made.get_json()["declared"] is True
    assert made.get_json()["until"] == "2026-03-26T17:30:00Z"
    with beside(app) as session:
        assert house.members["away"] not in _named_to(session, house, "awa")
        assert _named_to(session, house, "away") == set()
    stay = made.get_json()["id"]
    assert api("concierge").post(f"/lieux/la-navette/check-ins/{stay}/confirm").status_code == 200
    with beside(app) as session:
        assert house.members["away"] in _named_to(session, house, "awa")


def _named_to(session: Any, house: House, name: str) -> set[int]:
    from serendipity import naming

    lieu = lieux.lieu_named(session, "la-navette")
    who = house.members[name]
    return naming.nameable(session, member_id=who, lieu_id=lieu.id, at=NOON)


@pytest.fixture
def door(app: Flask, house: House) -> dict[str, str]:
    """What the doors show now, and the poster's code."""
    secret = str(app.config["SECRET_KEY"])
    with beside(app) as session:
        shown = {}
        for slug in ("la-navette", "elsewhere"):
            lieu = lieux.lieu_named(session, slug)
            code = kiosks.make_pairing(session, lieu_id=lieu.id, name="door", at=NOON)
            screen, _ = kiosks.pair(session, code=code, at=NOON)
            shown[slug] = kiosks.door_code(screen, secret=secret, at=NOON).code
            shown[f"poster {slug}"] = kiosks.poster_code(session, lieu=lieu, secret=secret)
        session.commit()
    return shown


def test_the_code_of_the_door_makes_a_check_in_that_counts(api: Any, door: dict[str, str]) -> None:
    given = {
        "lieu": "la-navette",
        "until": EVENING,
        "code": "https://house.example/door/" + door["la-navette"],
        "need": "pricing a board game",
        "skills": ["soudure", "CAO"],
    }
    made = api("away").post("/check-ins", given)
    assert made.status_code == 201, made.text
    assert made.get_json()["declared"] is False
    assert [one["words"] for one in items(api("away").get("/needs"))] == ["pricing a board game"]
    ledger = api("away").get("/ledger").get_json()
    assert ledger["balance"] == -1
    assert ledger["months"][0]["promised"] == 1
    entries = items(api("away").get("/ledger/entries"))
    assert [(one["kind"], one["amount"], one["lieu"]) for one in entries] == [
        ("pledge", -1, "la-navette")
    ]


def test_a_posters_code_is_only_declared(api: Any, door: dict[str, str]) -> None:
    given = {"lieu": "la-navette", "until": EVENING, "code": door["poster la-navette"]}
    assert api("away").post("/check-ins", given).get_json()["declared"] is True


def test_a_code_of_another_door_or_of_none_is_refused(api: Any, door: dict[str, str]) -> None:
    for code in (door["elsewhere"], "v1.made.up.code", door["la-navette"][:-1]):
        answer = api("away").post(
            "/check-ins", {"lieu": "la-navette", "until": EVENING, "code": code}
        )
        assert (answer.status_code, answer.get_json()["field"]) == (422, "code")
    assert items(api("away").get("/check-ins")) == []


def test_an_old_code_has_expired(api: Any, door: dict[str, str], held_clock: Clock) -> None:
    held_clock.now += timedelta(minutes=2)
    given = {"lieu": "la-navette", "until": EVENING, "code": door["la-navette"]}
    assert api("away").post("/check-ins", given).status_code == 410


def test_leaving_twice_is_leaving_once(api: Any, held_clock: Clock) -> None:
    stay = here(api, "awa")
    first = api("awa").post(f"/check-ins/{stay}/end")
    held_clock.now += timedelta(minutes=5)
    second = api("awa").post(f"/check-ins/{stay}/end")
    assert first.get_json() == second.get_json()
    assert first.get_json()["ended_at"] == "2026-03-26T12:00:00Z"


def test_a_stay_cannot_end_before_it_began(api: Any) -> None:
    given = {"lieu": "la-navette", "until": "2026-03-26T11:00:00Z"}
    answer = api("away").post("/check-ins", given)
    assert (answer.status_code, answer.get_json()["field"]) == (422, "until")


# --- needs ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("verb", "state"), [("withdraw", "withdrawn"), ("answered", "answered")])
def test_a_need_is_said_listed_and_ended(api: Any, verb: str, state: str) -> None:
    said = api("awa").post("/needs", {"words": "a welder"})
    assert said.status_code == 201
    need = said.get_json()
    assert need["lieu"] == "la-navette"
    assert need["expires_at"] == "2026-03-26T23:00:00Z"
    assert items(api("awa").get("/needs")) == [need]
    assert api("awa").post(f"/needs/{need['id']}/{verb}").get_json()["state"] == state
    assert items(api("awa").get("/needs")) == []
    assert api("awa").post(f"/needs/{need['id']}/{verb}").status_code == 404


def test_who_is_nowhere_cannot_say_a_need(api: Any) -> None:
    answer = api("away").post("/needs", {"words": "a welder"})
    assert (answer.status_code, answer.get_json()["title"]) == (409, "Not here")


# --- suggestions, introductions, encounters -------------------------------------------------


def test_a_suggestion_names_who_may_be_named_and_says_why(api: Any, house: House) -> None:
    (one,) = items(api("awa").get("/suggestions", Accept_Language="en"))
    assert one["id"] == house.introduction
    assert one["names"] == ["Inès Morel"]
    assert one["reasons"] == [
        "Inès Morel answers questions about pricing, and that is what you asked for."
    ]
    assert one["answer"] == ""


@pytest.mark.parametrize("why", ["hidden", "gone", "not seen", "blocked"])
def test_who_may_not_be_named_is_somebody_whatever_the_reason(
    app: Flask, house: House, api: Any, why: str
) -> None:
    from serendipity import members, presence

    with beside(app) as session:
        ines, awa = house.members["ines"], house.members["awa"]
        navette = lieux.lieu_named(session, "la-navette")
        if why == "hidden":
            presence.hide(session, member_id=ines, at=NOON)
        elif why == "gone":
            presence.leave(session, member_id=ines, at=NOON)
        elif why == "not seen":
            session.get_one(Consent, (ines, navette.id)).here_today = False
        else:
            members.block(session, blocker_id=ines, blocked_id=awa, at=NOON)
        session.commit()
    (one,) = items(api("awa").get("/suggestions", Accept_Language="en"))
    assert (one["names"], one["others"], one["place"]) == ([], 1, "")
    assert "Inès" not in str(one)
    assert one["reasons"] == [
        "Somebody here can help with pricing, and that is what you asked for."
    ]


@pytest.mark.parametrize("first", ["yes", "no", "never"])
def test_an_answer_is_told_to_nobody_before_both_said_yes(
    api: Any, house: House, first: str
) -> None:
    path = f"/suggestions/{house.introduction}/answer"
    before = api("awa").get("/suggestions").data
    shown = api("awa").get(f"/introductions/{house.introduction}").data
    said = api("ines").post(path, {"answer": first})
    assert said.status_code == 200
    assert said.get_json()["agreed"] is False
    if first != "never":  # a block empties the name, which leaving does as well
        assert api("awa").get("/suggestions").data == before
    assert api("awa").get(f"/introductions/{house.introduction}").data == shown
    assert items(api("awa").get("/introductions")) == []


def test_an_answer_can_be_undone(api: Any, house: House) -> None:
    path = f"/suggestions/{house.introduction}/answer"
    assert api("awa").post(path, {"answer": "no"}).get_json()["answer"] == "no"
    assert items(api("awa").get("/suggestions"))[0]["answer"] == "no"
    assert api("awa").post(path, {"answer": "undo"}).get_json()["answer"] == ""


def test_two_yeses_reveal_names_and_two_words_make_an_encounter_count(
    api: Any, house: House
) -> None:
    path = f"/introductions/{house.introduction}/answer"
    api("ines").post(path, {"answer": "yes"})
    assert api("awa").get(f"/introductions/{house.introduction}").get_json()["people"] == []
    agreed = api("awa").post(path, {"answer": "yes"})
    assert agreed.get_json() == {"id": house.introduction, "answer": "yes", "agreed": True}
    (met,) = items(api("awa").get("/introductions", Accept_Language="en"))
    assert [one["name"] for one in met["people"]] == ["Inès Morel"]
    assert met["opening"] == "“I hear you know about pricing.”"
    assert items(api("awa").get("/suggestions")) == []
    assert api("awa").post(path, {"answer": "no"}).status_code == 409

    (waiting,) = items(api("awa").get("/encounters"))
    assert (waiting["name"], waiting["said"]) == ("Inès Morel", False)
    confirm = f"/encounters/{waiting['id']}/confirm"
    word = api("awa").post(confirm, {"helped": True, "outcome": "advice"}).get_json()
    assert word == {"id": waiting["id"], "happened": True, "counts": False}
    assert api("ines").post(confirm, {"helped": False}).get_json()["counts"] is True
    assert items(api("awa").get("/encounters")) == []
    assert api("ines").get("/ledger").get_json()["months"][0]["given"] == 1
    assert api("awa").post(f"/encounters/{waiting['id']}/deny").status_code == 409


def test_what_one_denies_is_over_for_both(api: Any, house: House) -> None:
    for name in ("awa", "ines"):
        api(name).post(f"/introductions/{house.introduction}/answer", {"answer": "yes"})
    (waiting,) = items(api("awa").get("/encounters"))
    assert api("awa").post(f"/encounters/{waiting['id']}/deny").get_json()["happened"] is False
    assert items(api("ines").get("/encounters")) == []
    answer = api("ines").post(f"/encounters/{waiting['id']}/confirm", {"helped": True})
    assert answer.status_code == 404


def test_an_outcome_is_one_of_those_there_are(api: Any) -> None:
    answer = api("awa").post("/encounters/any/confirm", {"helped": True, "outcome": "love"})
    assert (answer.status_code, answer.get_json()["field"]) == (422, "outcome")


def test_a_suggestion_that_ran_out_answers_410(api: Any, house: House, held_clock: Clock) -> None:
    held_clock.now += timedelta(hours=4)
    path = f"/suggestions/{house.introduction}/answer"
    answer = api("awa").post(path, {"answer": "yes"})
    assert (answer.status_code, answer.get_json()["expires_at"]) == (410, "2026-03-26T15:00:00Z")


# --- calls ----------------------------------------------------------------------------------


def test_a_call_is_put_to_somebody_whose_name_is_told_after_their_yes(
    app: Flask, house: House, api: Any
) -> None:
    from serendipity.calls import Call, CallAsked

    made = api("awa").post("/calls", {"words": "who repairs looms?"})
    assert made.status_code == 201
    with beside(app) as session:
        row = session.query(Call).one()
        asked = CallAsked(call_id=row.id, member_id=house.members["bob"], asked_at=NOON)
        session.add(asked)
        session.commit()
    (asked_of_bob,) = items(api("bob").get("/calls/asked"))
    assert asked_of_bob["answer_by"] == "2026-03-26T12:10:00Z"
    assert "Awa" not in str(asked_of_bob)
    assert items(api("awa").get("/calls"))[0]["helper"] is None
    path = f"/calls/{made.get_json()['id']}/answer"
    assert api("ines").post(path, {"answer": "yes"}).status_code == 404
    assert api("bob").post(path, {"answer": "yes"}).status_code == 200
    (mine,) = items(api("awa").get("/calls"))
    assert mine["helper"] == "Bob Peeters"
    assert mine["encounter"] == items(api("bob").get("/encounters"))[0]["id"]
    assert api("bob").post(path, {"answer": "no"}).status_code == 410


def test_a_call_can_be_taken_back_and_three_are_enough(api: Any) -> None:
    made = [api("awa").post("/calls", {"words": f"question {n}"}) for n in range(4)]
    assert [one.status_code for one in made] == [201, 201, 201, 409]
    assert made[3].get_json()["most"] == 3
    assert api("awa").post(f"/calls/{made[0].get_json()['id']}/withdraw").status_code == 200
    assert len(items(api("awa").get("/calls"))) == 2


# --- rooms and bookings ---------------------------------------------------------------------


def wanted(room: str = "jacquard", start: int = 9, end: int = 11, **other: Any) -> dict[str, Any]:
    """A room on the day after tomorrow; hours are UTC."""
    return {
        "lieu": "la-navette",
        "room": room,
        "starts_at": f"2026-03-28T{start:02d}:00:00Z",
        "ends_at": f"2026-03-28T{end:02d}:00:00Z",
        "people": 4,
        **other,
    }


def test_rooms_tell_prices_in_cents_and_free_starts_in_utc(api: Any) -> None:
    assert [one["slug"] for one in items(api("sofia").get("/lieux/la-navette/rooms"))] == [
        "bobine",
        "jacquard",
    ]
    path = "/lieux/la-navette/rooms/jacquard/slots?day=2026-03-28&minutes=120&people=8"
    said = api("sofia").get(path).get_json()
    assert (said["starts"][0], said["starts"][-1]) == (
        "2026-03-28T07:00:00Z",
        "2026-03-28T17:00:00Z",
    )
    price = {"net_cents": 4800, "vat_cents": 960, "gross_cents": 5760, "currency": "EUR"}
    assert said["price"] == price
    quote = "/lieux/la-navette/rooms/jacquard/quote?people=4"
    when = "&starts_at=2026-03-28T09:00:00Z&ends_at=2026-03-28T11:00:00Z"
    quoted = api("sofia").get(quote + when).get_json()
    assert quoted["price"] == price
    assert quoted["free_until"] == "2026-03-27T09:00:00Z"
    assert quoted["late_price"]["gross_cents"] == 2880


def test_a_booking_is_held_confirmed_moved_and_cancelled(api: Any, house: House) -> None:
    sofia, base = api("sofia"), f"/organisations/{house.organisation}/bookings"
    assert items(sofia.get("/organisations"))[0]["id"] == house.organisation
    held = sofia.post(base, wanted())
    assert held.status_code == 201, held.text
    assert (held.get_json()["state"], held.get_json()["due"]["gross_cents"]) == ("held", 0)
    one = f"{base}/{held.get_json()['id']}"
    longer = sofia.post(f"{one}/hold-longer").get_json()
    assert longer["held_until"] == "2026-03-26T12:20:00Z"
    assert sofia.post(f"{one}/confirm").get_json()["state"] == "booked"
    moved = sofia.post(
        f"{one}/move",
        {"starts_at": "2026-03-29T08:00:00Z", "ends_at": "2026-03-29T09:00:00Z", "room": "bobine"},
    ).get_json()
    assert (moved["room"], moved["price"]["net_cents"]) == ("bobine", 2400)
    assert items(sofia.get(base)) == [sofia.get(one).get_json()]
    cancelled = sofia.post(f"{one}/cancel").get_json()
    assert (cancelled["state"], cancelled["due"]["gross_cents"]) == ("cancelled", 0)
    assert sofia.post(f"{one}/cancel").status_code == 200
    assert sofia.post(f"{one}/confirm").status_code == 409


def test_a_taken_room_tells_what_else_is_free(api: Any, house: House) -> None:
    base = f"/organisations/{house.organisation}/bookings"
    assert api("sofia").post(base, wanted()).status_code == 201
    answer = api("sofia").post(base, wanted())
    assert answer.status_code == 409
    assert answer.get_json()["type"] == "urn:serendipity:problem:room-taken"
    assert {
        "room": "bobine",
        "starts_at": "2026-03-28T09:00:00Z",
        "ends_at": "2026-03-28T11:00:00Z",
    } in answer.get_json()["alternatives"]


def test_a_hold_that_ran_out_cannot_be_confirmed(api: Any, house: House, held_clock: Clock) -> None:
    base = f"/organisations/{house.organisation}/bookings"
    held = api("sofia").post(base, wanted()).get_json()["id"]
    held_clock.now += timedelta(minutes=11)
    assert api("sofia").get(f"{base}/{held}").get_json()["state"] == "let-go"
    api("sofia").post(base, wanted())
    assert api("sofia").post(f"{base}/{held}/confirm").status_code == 410


def test_bookings_come_in_pages_earliest_first(api: Any, house: House) -> None:
    sofia, base = api("sofia"), f"/organisations/{house.organisation}/bookings"
    for start in (15, 9, 12):
        held = sofia.post(base, wanted(start=start, end=start + 1)).get_json()["id"]
        sofia.post(f"{base}/{held}/confirm")
    seen, cursor = [], ""
    while cursor is not None:
        answer = sofia.get(f"{base}?limit=1&cursor={cursor}").get_json()
        seen += [one["starts_at"][11:13] for one in answer["items"]]
        cursor = answer["next"]
    assert seen == ["09", "12", "15"]


def test_who_may_only_see_an_organisation_cannot_book_for_it(
    app: Flask, house: House, api: Any
) -> None:
    from serendipity.organisations import OrganisationMember

    with beside(app) as session:
        seat = session.query(OrganisationMember).filter_by(member_id=house.members["sofia"]).one()
        seat.role = "see"
        session.commit()
    answer = api("sofia").post(f"/organisations/{house.organisation}/bookings", wanted())
    assert (answer.status_code, answer.get_json()["needed"]) == (403, "book")


# --- what is not yours ----------------------------------------------------------------------


def test_what_is_somebody_elses_answers_with_the_bytes_of_what_is_not_there(
    api: Any, house: House
) -> None:
    need = api("awa").post("/needs", {"words": "a welder"}).get_json()["id"]
    call = api("awa").post("/calls", {"words": "who?"}).get_json()["id"]
    base = f"/organisations/{house.organisation}/bookings"
    booking = api("sofia").post(base, wanted()).get_json()["id"]
    for name in ("awa", "ines"):
        api(name).post(f"/introductions/{house.introduction}/answer", {"answer": "yes"})
    met = items(api("awa").get("/encounters"))[0]["id"]
    yes, when = {"answer": "yes"}, {k: v for k, v in wanted().items() if k.endswith("_at")}
    doors: list[tuple[str, str, str, dict[str, Any]]] = [
        ("POST", "/check-ins/{}/end", here(api, "awa"), {}),
        ("POST", "/needs/{}/withdraw", need, {}),
        ("POST", "/needs/{}/answered", need, {}),
        ("POST", "/calls/{}/withdraw", call, {}),
        ("POST", "/calls/{}/answer", call, yes),
        ("GET", "/introductions/{}", house.introduction, {}),
        ("POST", "/introductions/{}/answer", house.introduction, yes),
        ("POST", "/suggestions/{}/answer", house.introduction, yes),
        ("POST", "/encounters/{}/confirm", met, {"helped": True}),
        ("POST", "/encounters/{}/deny", met, {}),
        ("POST", "/encounters/{}/came", met, {"outcome": "work"}),
        ("POST", "/encounters/{}/take-back", met, {}),
        ("GET", "/organisations/{}/bookings", house.organisation, {}),
        ("POST", "/organisations/{}/bookings", house.organisation, wanted()),
        ("GET", base + "/{}", booking, {}),
        *(
            ("POST", base + "/{}/" + verb, booking, body)
            for verb, body in (
                ("confirm", {}),
                ("hold-longer", {}),
                ("move", when),
                ("cancel", {}),
            )
        ),
    ]
    for method, path, theirs, body in doors:
        foreign, missing = (
            api("away").get(path.format(one))
            if method == "GET"
            else api("away").post(path.format(one), body)
            for one in (theirs, "nowhere")
        )
        assert foreign.status_code == 404, path
        assert (foreign.data, foreign.headers) == (missing.data, missing.headers), path


def test_a_concierge_cannot_touch_a_stay_of_another_lieu(api: Any, house: House) -> None:
    stay = here(api, "awa")
    for verb in ("confirm", "end"):
        path = "/lieux/elsewhere/check-ins/{}/" + verb
        foreign = api("concierge-elsewhere").post(path.format(stay))
        missing = api("concierge-elsewhere").post(path.format("nowhere"))
        assert foreign.status_code == 404
        assert foreign.data == missing.data


def test_the_ledger_comes_in_pages_newest_first(app: Flask, house: House, api: Any) -> None:
    from serendipity import ledger

    with beside(app) as session:
        lieu: Lieu = lieux.lieu_named(session, "la-navette")
        for number in range(5):
            ledger.pledge(
                session,
                member_id=house.members["awa"],
                lieu_id=lieu.id,
                amount=1,
                key=f"pledge {number}",
                at=NOON - timedelta(minutes=number % 3),
            )
        session.commit()
    whole = items(api("awa").get("/ledger/entries"))
    first = api("awa").get("/ledger/entries?limit=3").get_json()
    rest = api("awa").get(f"/ledger/entries?limit=3&cursor={first['next']}").get_json()
    assert first["items"] + rest["items"] == whole
    assert len(whole) == 5
    assert [one["at"] for one in whole] == sorted((one["at"] for one in whole), reverse=True)


def test_somebody_in_focus_is_shown_no_suggestion(app: Flask, house: House, api: Any) -> None:
    from serendipity import presence

    with beside(app) as session:
        until = NOON + timedelta(hours=1)
        presence.focus(session, member_id=house.members["awa"], until=until, at=NOON)
        session.commit()
    assert items(api("awa").get("/suggestions")) == []
    assert items(api("awa").get("/calls/asked")) == []


def test_a_poster_was_needed_once_but_afar_tells_nothing(app: Flask, house: House) -> None:
    """The control of the rule on declared check-ins: with a poster's code one is seen."""
    with beside(app) as session:
        navette = lieux.lieu_named(session, "la-navette")
        for how, seen in (("api", False), ("poster", True)):
            who = somebody_here(session, navette, how.capitalize())
            stay = session.query(Presence).filter_by(member_id=who.id).one()
            stay.how_in, stay.confirmed_at = how, None
            session.flush()
            assert (who.id in _named_to(session, house, "awa")) is seen
