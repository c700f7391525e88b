"""Streams through the real processes: who is told what, how soon, and what ends them."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from serendipity import clock, kiosks, members, presence, shifts
from serendipity.bookings import Booking
from serendipity.consent import Consent
from serendipity.lieux import Lieu
from serendipity.live.views import STREAMS
from serendipity.members import Member
from tests.live.conftest import Service
from tests.rows import a_lieu, a_member, booked, on_shift, somebody_here


def a_lieu_with(service: Service, *names: str) -> tuple[Lieu, list[Member]]:
    """A lieu where these people are, all of whom agreed to be seen."""
    with service.writing() as session:
        lieu = a_lieu(session)
        return lieu, [somebody_here(session, lieu, name, at=clock.now()) for name in names]


def test_who_is_there_is_told_at_once_that_somebody_left(service: Service) -> None:
    lieu, (awa, bo) = a_lieu_with(service, "Awa", "Bo")
    stream = service.follow(f"/live/lieux/{lieu.slug}", service.cookie(awa))
    assert stream.status == 200
    assert "content-type: text/event-stream" in stream.headers
    assert "cache-control: no-store" in stream.headers
    assert stream.next_event()["here"] == 2
    with service.writing() as session:
        presence.leave(session, member_id=bo.id, at=clock.now())
    assert stream.next_event(within=2)["here"] == 1


def test_strangers_are_told_what_was_counted_and_never_who_comes_and_goes(service: Service) -> None:
    lieu, (awa, bo) = a_lieu_with(service, "Awa", "Bo")
    stream = service.follow(f"/live/lieux/{lieu.slug}")
    inside = service.follow(f"/live/lieux/{lieu.slug}", service.cookie(awa))
    told = stream.next_event()
    assert set(told) == {"lieu", "counted_at", "people", "skills", "version"}
    inside.next_event()
    with service.writing() as session:
        presence.leave(session, member_id=bo.id, at=clock.now())
    inside.next_event(within=2)
    stream.until(lambda: len(stream.events) > 1, within=0.5)
    assert len(stream.events) == 1


def test_leaving_ends_what_was_told_to_who_was_there(service: Service) -> None:
    lieu, (awa, _) = a_lieu_with(service, "Awa", "Bo")
    stream = service.follow(f"/live/lieux/{lieu.slug}", service.cookie(awa))
    stream.next_event()
    with service.writing() as session:
        presence.leave(session, member_id=awa.id, at=clock.now())
    assert stream.is_over()
    assert b"event: over" in stream.heard


def test_hiding_takes_effect_on_every_open_stream(service: Service) -> None:
    _, (awa, bo) = a_lieu_with(service, "Awa", "Bo")
    stream = service.follow("/live/me", service.cookie(awa))
    first = stream.next_event()
    with service.writing() as session:
        presence.hide(session, member_id=bo.id, at=clock.now())
    assert stream.next_event(within=5)["version"] != first["version"]


def test_a_block_takes_effect_on_both_and_on_nobody_else(service: Service) -> None:
    _, (awa, bo, cy) = a_lieu_with(service, "Awa", "Bo", "Cy")
    streams = [service.follow("/live/me", service.cookie(one)) for one in (awa, bo, cy)]
    for one in streams:
        one.next_event()
    with service.writing() as session:
        members.block(session, blocker_id=awa.id, blocked_id=bo.id, at=clock.now())
    for one in streams[:2]:
        one.next_event(within=5)
    streams[2].until(lambda: len(streams[2].events) > 1, within=0.5)
    assert len(streams[2].events) == 1


def test_withdrawn_consent_takes_effect_on_the_streams_of_others(service: Service) -> None:
    lieu, (awa, bo) = a_lieu_with(service, "Awa", "Bo")
    stream = service.follow("/live/me", service.cookie(awa))
    stream.next_event()
    with service.writing() as session:
        session.get_one(Consent, (bo.id, lieu.id)).here_today = False
    stream.next_event(within=5)


def test_signing_out_everywhere_ends_every_stream(service: Service) -> None:
    lieu, (awa,) = a_lieu_with(service, "Awa")
    cookie = service.cookie(awa)
    streams = [service.follow(path, cookie) for path in ("/live/me", f"/live/lieux/{lieu.slug}")]
    for one in streams:
        one.next_event()
    with service.writing() as session:
        session.get_one(Member, awa.id).session_epoch += 1
    assert [one.is_over() for one in streams] == [True, True]
    assert service.follow("/live/me", cookie).status == 302


def test_the_desk_is_told_while_the_shift_lasts(service: Service) -> None:
    lieu, (awa,) = a_lieu_with(service, "Awa")
    with service.writing() as session:
        concierge = a_member(session, "Nour")
        shift = on_shift(session, lieu, concierge, at=clock.now())
    desk = service.follow(f"/live/lieux/{lieu.slug}/desk", service.cookie(concierge))
    desk.next_event()
    with service.writing() as session:
        presence.leave(session, member_id=awa.id, at=clock.now())
    desk.next_event(within=2)
    with service.writing() as session:
        shifts.hand_over(
            session,
            slug=lieu.slug,
            member_id=concierge.id,
            note="All is quiet here",
            at=clock.now(),
        )
    assert desk.is_over()
    assert shift.lieu_id == lieu.id
    assert service.follow(f"/live/lieux/{lieu.slug}/desk", service.cookie(concierge)).status == 404


def test_a_shift_that_runs_out_ends_the_desks_stream_within_five_seconds(service: Service) -> None:
    """Nothing is written when it does: the clock alone ends it."""
    lieu, _ = a_lieu_with(service, "Awa")
    lasts = timedelta(seconds=2)
    with service.writing() as session:
        concierge = a_member(session, "Nour")
        on_shift(session, lieu, concierge, at=clock.now()).until = clock.now() + lasts
    desk = service.follow(f"/live/lieux/{lieu.slug}/desk", service.cookie(concierge))
    desk.next_event()
    assert desk.is_over(within=lasts.total_seconds() + 5)


def a_booking(
    service: Service, *, starts: datetime, ends: datetime
) -> tuple[Lieu, Member, Booking]:
    with service.writing() as session:
        lieu = a_lieu(session)
        return lieu, *booked(session, lieu, starts=starts, ends=ends)


def test_a_rooms_stream_ends_with_its_slot(service: Service) -> None:
    now = clock.now()
    ends = now + timedelta(seconds=3)
    _, sofia, booking = a_booking(service, starts=now - timedelta(hours=1), ends=ends)
    stream = service.follow(f"/live/bookings/{booking.public_id}", service.cookie(sofia))
    assert set(stream.next_event()) == {"counted_at", "people", "skills", "version"}
    assert stream.is_over(within=8)
    assert ends <= clock.now() <= ends + timedelta(seconds=5)


def test_somebody_elses_booking_answers_like_one_that_does_not_exist(service: Service) -> None:
    now = clock.now()
    hours = {"starts": now - timedelta(hours=1), "ends": now + timedelta(hours=1)}
    _, _, theirs = a_booking(service, **hours)
    _, sofia, _ = a_booking(service, **hours)
    cookie = service.cookie(sofia)
    foreign = service.follow(f"/live/bookings/{theirs.public_id}", cookie)
    missing = service.follow("/live/bookings/nothing", cookie)
    assert foreign.status == missing.status == 404


def test_a_screen_is_told_until_it_is_taken_away(service: Service) -> None:
    lieu, _ = a_lieu_with(service, "Awa")
    with service.writing() as session:
        code = kiosks.make_pairing(session, lieu_id=lieu.id, name="Door", at=clock.now())
        kiosk, token = kiosks.pair(session, code=code, at=clock.now())
    screen = service.follow("/live/door", {"Cookie": f"kiosk={token}"})
    assert screen.next_event()["here"] == 1
    with service.writing() as session:
        kiosks.revoke(session, public_id=kiosk.public_id, lieu_id=lieu.id, at=clock.now())
    assert screen.is_over()


def test_a_fourth_stream_of_one_person_is_refused_until_one_is_closed(service: Service) -> None:
    _, (awa,) = a_lieu_with(service, "Awa")
    cookie = service.cookie(awa)
    streams = [service.follow("/live/me", cookie) for _ in range(STREAMS)]
    for one in streams:
        one.next_event()
    refused = service.follow("/live/me", cookie)
    assert (refused.status, "retry-after: 60" in refused.headers) == (503, True)
    streams[0].close()
    end = time.monotonic() + 5
    while (again := service.follow("/live/me", cookie)).status == 503:
        assert time.monotonic() < end
    assert again.status == 200


def test_a_browser_that_comes_back_is_not_told_what_it_knows(service: Service) -> None:
    _, (awa,) = a_lieu_with(service, "Awa")
    cookie = service.cookie(awa)
    first = service.follow("/live/me", cookie)
    version = first.next_event()["version"]
    again = service.follow("/live/me", {**cookie, "Last-Event-ID": version})
    assert again.status == 200
    again.until(lambda: again.events, within=0.7)
    assert again.events == []


def test_without_the_live_process_a_stream_is_one_event_and_its_end(service: Service) -> None:
    lieu, (awa,) = a_lieu_with(service, "Awa")
    cookie = service.cookie(awa)
    before = service.follow("/live/me", cookie)
    before.next_event()
    service.kill_live()
    assert before.is_over()
    stream = service.follow(f"/live/lieux/{lieu.slug}", {**cookie, "Connection": "close"})
    assert stream.status == 200
    assert stream.is_over()
    assert b"retry: 10000" in stream.heard
    assert [one["here"] for one in stream.events] == [1]
    service.start_live()
    after = service.follow("/live/me", cookie)
    after.next_event()
    assert not after.ended


def test_two_hundred_streams_leave_no_file_open_behind_them(service: Service) -> None:
    lieu, _ = a_lieu_with(service, "Awa")
    with service.writing() as session:
        crowd = [somebody_here(session, lieu, f"M{n}", at=clock.now()) for n in range(100)]
    cookies = [service.cookie(one) for one in crowd]
    warm = service.follow("/live/me", cookies[0])
    warm.next_event()
    warm.close()
    calm = service.open_files()
    streams = [service.follow("/live/me", cookie) for cookie in cookies for _ in range(2)]
    for one in streams:
        one.next_event()
    assert service.open_files() >= calm + 200
    for one in streams:
        one.close()
    end = time.monotonic() + 10
    while service.open_files() > calm + 40 and time.monotonic() < end:
        time.sleep(0.05)
    # A thread keeps its line to the database, which is three files: a leak would be 200.
    assert service.open_files() <= calm + 40
