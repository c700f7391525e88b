"""Invoices: issued for what a booking owes, taken back when it owes something else, and lasting."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DatabaseError, IntegrityError
from sqlalchemy.orm import Session

from serendipity import bookings, invoices, registers, words
from serendipity.invoices import Bill, Invoice, InvoicePaper, Line, Seller
from serendipity.mail import Letter
from tests.conftest import NOON
from tests.invoices.deals import DAY, HOUR, TEN, Deals
from tests.rows import a_lieu, a_room, a_seller, an_organisation


@pytest.fixture
def deals(session: Session) -> Deals:
    return Deals(session)


# --- what is owed ---------------------------------------------------------------------------


def test_a_confirmed_booking_is_invoiced_once_for_its_price(deals: Deals) -> None:
    booking = deals.book()
    assert invoices.due_bookings(deals.session, at=NOON) == [booking.id]
    (invoice,) = deals.settle(booking)
    assert (invoice.kind, invoice.net_cents, invoice.vat_cents) == ("invoice", 4800, 960)
    assert invoice.number.endswith("-2026-00001")
    assert invoice.content["lines"][0]["words"].startswith("Room Jacquard, La Navette, Monday")
    assert invoices.due_on(invoice).isoformat() == "2026-04-25"
    assert invoices.due_bookings(deals.session, at=NOON) == []
    assert deals.settle(booking) == []


def test_a_hold_is_not_invoiced(deals: Deals) -> None:
    held = deals.hold()
    assert invoices.due_bookings(deals.session, at=NOON) == []
    assert deals.settle(held) == []


def test_what_is_cancelled_in_time_is_taken_back_whole(deals: Deals) -> None:
    booking = deals.book()
    (invoice,) = deals.settle(booking)
    deals.cancel(booking)
    (note,) = deals.settle(booking)
    assert (note.kind, note.credits_id, note.total) == ("credit", invoice.id, invoice.total)
    assert note.content["credits"]["number"] == invoice.number
    assert invoices.standing_invoice(deals.session, booking_id=booking.id) is None
    assert deals.settle(booking) == []


def test_what_is_cancelled_late_is_taken_back_and_its_share_invoiced(deals: Deals) -> None:
    booking = deals.book()
    deals.settle(booking)
    late = TEN - HOUR
    deals.cancel(booking, at=late)
    note, invoice = deals.settle(booking, at=late)
    assert (note.kind, note.total.gross_cents) == ("credit", 5760)
    assert (invoice.kind, invoice.net_cents, invoice.vat_cents) == ("invoice", 2400, 480)
    assert invoice.content["lines"][0]["words"].startswith("Late cancellation of the room")
    assert invoice.count == note.count + 1


def test_what_is_moved_is_invoiced_at_the_new_time_and_price(deals: Deals) -> None:
    booking = deals.book()
    deals.settle(booking)
    bookings.move(
        deals.session,
        public_id=booking.public_id,
        starts_at=TEN + DAY,
        ends_at=TEN + DAY + HOUR,
        at=NOON,
        **deals.who,
    )
    note, invoice = deals.settle(booking)
    assert (note.kind, invoice.kind, invoice.net_cents) == ("credit", "invoice", 2400)
    assert invoice.content["service"] == {"from": "2026-03-31", "to": "2026-03-31"}


@pytest.mark.parametrize("settled_between", [True, False])
def test_what_is_cancelled_and_brought_back_is_billed_once(
    deals: Deals, settled_between: bool
) -> None:
    """Taken back by a credit note if that was issued meanwhile, else the first invoice stands."""
    booking = deals.book()
    issued = deals.settle(booking)
    deals.cancel(booking)
    issued += deals.settle(booking) if settled_between else []
    bookings.bring_back(deals.session, public_id=booking.public_id, at=NOON, **deals.who)
    issued += deals.settle(booking)
    kinds = ["invoice", "credit", "invoice"] if settled_between else ["invoice"]
    assert [one.kind for one in issued] == kinds
    assert sum(one.total.gross_cents * (-1) ** (one.kind == "credit") for one in issued) == 5760
    assert invoices.standing_invoice(deals.session, booking_id=booking.id) == issued[-1]
    assert deals.settle(booking) == []


def test_what_costs_nothing_is_not_invoiced(session: Session) -> None:
    deals = Deals(session, hour_cents=0, half_day_cents=0, day_cents=0)
    assert deals.settle(deals.book()) == []


def test_bookings_wait_until_their_lieu_has_said_who_sells(session: Session) -> None:
    deals = Deals(session, sells=False)
    booking = deals.book()
    assert invoices.due_bookings(session, at=NOON) == []
    assert invoices.waiting_count(session, lieu_id=deals.lieu.id) == 1
    a_seller(session, deals.lieu)
    assert invoices.due_bookings(session, at=NOON) == [booking.id]


def test_what_cannot_be_settled_lets_the_others_pass(deals: Deals) -> None:
    first, second = deals.book(), deals.book(TEN + DAY)
    invoices.put_off(deals.session, booking_id=first.id, at=NOON)
    assert invoices.due_bookings(deals.session, at=NOON) == [second.id]
    assert set(invoices.due_bookings(deals.session, at=NOON + HOUR)) == {first.id, second.id}


def test_a_change_made_while_another_is_settled_is_settled_too(deals: Deals) -> None:
    booking = deals.book()
    deals.settle(booking)
    deals.cancel(booking)
    deals.session.add(Bill(booking_id=booking.id, due_at=NOON))
    assert [one.kind for one in deals.settle(booking)] == ["credit"]
    assert deals.session.scalars(select(Bill)).all() == []


def test_the_letter_of_an_invoice_leads_to_it(deals: Deals) -> None:
    invoice = deals.invoice()
    (letter,) = deals.session.scalars(select(Letter).where(Letter.kind == "invoice"))
    assert letter.recipient == deals.organisation.email
    assert letter.facts["invoice"] == invoice.public_id
    assert letter.facts["total_cents"] == 5760


def test_an_invoice_says_who_bought_and_sold_on_that_day(deals: Deals) -> None:
    invoice = deals.invoice()
    deals.organisation.name = "Another name"
    a_seller(deals.session, deals.lieu, prefix=invoice.number.partition("-")[0], name="Changed")
    deals.session.flush()
    deals.session.refresh(invoice)
    assert invoice.content["buyer"]["name"] == "Toits Communs"
    assert invoice.content["seller"]["name"] == "La Navette SCIC"


# --- sums -----------------------------------------------------------------------------------


@given(
    st.lists(
        st.tuples(st.integers(0, 10**7), st.sampled_from([0, 550, 1000, 2000, 2100])), min_size=1
    )
)
def test_vat_is_rounded_once_for_each_rate(given: list[tuple[int, int]]) -> None:
    found = invoices.taxes([Line("x", net, points) for net, points in given])
    assert len(found) == len({points for _, points in given})
    for tax in found:
        net = sum(net for net, points in given if points == tax.vat_points)
        assert tax.net_cents == net
        assert abs(tax.vat_cents * 10_000 - net * tax.vat_points) * 2 <= 10_000


def test_three_thirds_are_not_rounded_thrice() -> None:
    lines = [Line("a", 333, 2000)] * 3
    assert sum(invoices.taxes([line])[0].vat_cents for line in lines) == 201
    assert invoices.taxes(lines)[0].vat_cents == 200


def test_an_invoice_without_a_line_is_none(deals: Deals) -> None:
    with pytest.raises(invoices.NothingToInvoice):
        deals.invoice_of([])


# --- lasting --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        update(Invoice).values(net_cents=1),
        delete(Invoice),
        update(InvoicePaper).values(pdf=b""),
        delete(InvoicePaper),
    ],
    ids=str,
)
def test_nobody_changes_or_deletes_what_was_issued(deals: Deals, statement: Any) -> None:
    invoice = deals.invoice()
    invoices.keep_paper(deals.session, invoice_id=invoice.id, pdf=b"%PDF", at=NOON)
    with pytest.raises(DatabaseError, match="append-only"), deals.session.begin_nested():
        deals.session.execute(statement)
    deals.session.refresh(invoice)
    assert invoice.net_cents == 4800


def test_an_issued_row_is_not_replaced_either(deals: Deals, dialect: str) -> None:
    if dialect != "sqlite":  # only SQLite has a word for it
        return
    invoice = deals.invoice()
    for same in ("id", "number", "public_id"):
        row = {column.key: getattr(invoice, column.key) for column in Invoice.__table__.columns}
        fresh = {"id": 999, "number": "X", "public_id": "x", "count": 99, "turn": 99}
        changed = {**row, **fresh, same: row[same], "net_cents": 1}
        with pytest.raises(DatabaseError, match="append-only"), deals.session.begin_nested():
            deals.session.execute(insert(Invoice).prefix_with("OR REPLACE").values(**changed))


@pytest.mark.parametrize(
    "cheat",
    [
        {"count": 1},  # a number twice
        {"turn": 1},  # the same change twice
        {"number": "same"},
        {"kind": "credit"},  # of nothing
        {"net_cents": -1},
        {"count": 0},
    ],
    ids=str,
)
def test_the_schema_refuses_what_no_verb_would_do(deals: Deals, cheat: dict[str, Any]) -> None:
    invoice = deals.invoice()
    row = {column.key: getattr(invoice, column.key) for column in Invoice.__table__.columns}
    fresh = {"id": 999, "number": "X-2026-00099", "public_id": "x", "count": 99, "turn": 99}
    cheat = {key: invoice.number if value == "same" else value for key, value in cheat.items()}
    with pytest.raises(IntegrityError), deals.session.begin_nested():
        deals.session.execute(insert(Invoice).values(**{**row, **fresh, **cheat}))


def test_an_invoice_is_taken_back_once(deals: Deals) -> None:
    booking = deals.book()
    deals.settle(booking)
    deals.cancel(booking)
    (note,) = deals.settle(booking)
    row = {column.key: getattr(note, column.key) for column in Invoice.__table__.columns}
    fresh = {"id": 999, "number": "X-2026-00099", "public_id": "x", "count": 99, "turn": 99}
    with pytest.raises(IntegrityError), deals.session.begin_nested():
        deals.session.execute(insert(Invoice).values(**{**row, **fresh}))


def test_the_first_paper_that_was_kept_stays(deals: Deals) -> None:
    invoice = deals.invoice()
    assert invoices.undrawn(deals.session) == [invoice.id]
    for pdf in (b"first", b"second"):
        invoices.keep_paper(deals.session, invoice_id=invoice.id, pdf=pdf, at=NOON)
    assert invoices.kept_paper(deals.session, invoice_id=invoice.id) == b"first"
    assert invoices.undrawn(deals.session) == []


# --- who may read ---------------------------------------------------------------------------


def test_a_foreign_invoice_and_a_missing_one_answer_alike(deals: Deals) -> None:
    invoice = deals.invoice()
    other, _ = an_organisation(deals.session)
    elsewhere = a_lieu(deals.session)
    said = []
    for public_id in (invoice.public_id, "missing"):
        with pytest.raises(invoices.NoSuchInvoice) as refused:
            invoices.invoice_of_organisation(
                deals.session, public_id=public_id, organisation_id=other.id
            )
        said.append(refused.value.facts)
        with pytest.raises(invoices.NoSuchInvoice) as refused:
            invoices.invoice_of_lieu(deals.session, public_id=public_id, lieu_id=elsewhere.id)
        said.append(refused.value.facts)
    assert said == [{}] * 4


# --- numbers --------------------------------------------------------------------------------


def test_each_lieu_and_each_year_counts_from_one(deals: Deals) -> None:
    other = Deals(deals.session)
    new_year = datetime.fromisoformat("2026-12-31T23:30:00+00:00")  # half past midnight in Paris
    numbers = [
        deals.invoice().count,
        deals.invoice(TEN + DAY).count,
        other.invoice().count,
        deals.invoice(TEN + 300 * DAY, at=new_year).number[-10:],
    ]
    assert numbers == [1, 2, 1, "2027-00001"]


def test_what_is_rolled_back_gives_its_number_back(deals: Deals) -> None:
    first = deals.invoice()
    undone = deals.session.begin_nested()
    assert deals.invoice(TEN + DAY).count == first.count + 1
    undone.rollback()
    assert deals.invoice(TEN + 2 * DAY).count == first.count + 1


def test_a_later_number_never_has_an_earlier_date(deals: Deals) -> None:
    deals.invoice(TEN + DAY, at=NOON + timedelta(hours=13))
    assert deals.invoice(at=NOON).issued_on == "2026-03-27"  # a clock that is behind


# --- sellers --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"prefix": "n"}, invoices.BadPrefix),
        ({"prefix": "=CMD()"}, invoices.BadPrefix),
        ({"prefix": "NAVETTESCIC"}, invoices.BadPrefix),
        ({"name": " "}, words.WordsMissing),
        ({"city": ""}, words.WordsMissing),
        ({"country": "France"}, registers.WrongCountry),
        ({"country": "EU"}, registers.WrongCountry),
        ({"siret": "73282932000075"}, registers.WrongSiret),
        ({"vat_number": "FR00404833048"}, registers.WrongVatNumber),
        ({"iban": "FR1420041010050500013M02607"}, registers.WrongIban),
        ({"payment_days": -1}, invoices.BadPaymentDays),
        ({"payment_days": 10**18}, invoices.BadPaymentDays),
        ({"siret": "", "vat_number": ""}, invoices.NumberMissing),
        ({"vat_number": ""}, invoices.VatNumberMissing),  # the room is let with VAT
    ],
    ids=str,
)
def test_a_seller_is_written_down_right_or_not_at_all(
    session: Session, wrong: dict[str, Any], error: type[Exception]
) -> None:
    lieu = a_lieu(session)
    a_room(session, lieu)
    with pytest.raises(error):
        a_seller(session, lieu, **wrong)
    assert invoices.seller_of(session, lieu_id=lieu.id) is None


def test_a_prefix_belongs_to_one_lieu_and_stays_once_used(deals: Deals) -> None:
    seller = deals.session.get_one(Seller, deals.lieu.id)
    with pytest.raises(invoices.PrefixTaken):
        a_seller(deals.session, a_lieu(deals.session), prefix=seller.prefix.lower())
    a_seller(deals.session, deals.lieu, prefix="FREE")
    deals.invoice()
    with pytest.raises(invoices.PrefixInUse):
        a_seller(deals.session, deals.lieu, prefix="OTHER")
    assert deals.session.get_one(Seller, deals.lieu.id).prefix == "FREE"


def test_the_schema_knows_no_seller_without_a_number(deals: Deals) -> None:
    with pytest.raises(IntegrityError), deals.session.begin_nested():
        deals.session.execute(text("UPDATE seller SET siret = '', vat_number = ''"))
