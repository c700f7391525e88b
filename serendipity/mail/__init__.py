"""Mail: the outbox. An email is owed in the transaction that owes it, and delivered after.

Rules kept here: an email is owed once (unique kind, recipient, key). Who wants to send a letter
claims it for two minutes (a crash before it leaves costs those two minutes, no more). `sending` is
committed just before the DATA command and `sent` just after the server's 250; what died between
the two is `uncertain`, shown to a person and never sent again blindly. The honest promise: at most
once, and never silently lost. A secret in a letter (a sign-in code) is wiped when it has left.

What each kind of letter needs in its facts (instants in ISO 8601, ids are public ids):

    code          code, minutes                                 signing in
    introduction  introduction, reasons, members (row ids)       the night; names nobody
    agreed        introduction                                  both said yes; names are looked up
    meeting       introduction                                  one of them chose a time
    reminder      introduction                                  agreed by letter: did you meet?
    met           encounter                                     the concierge asks: did you meet?
    silence       (nothing)                                     three letters without an answer
    word          hints                                         nobody fitted for three months
    digest        from_day, to_day, counts                      what the concierges should know
    again         encounter                                     a month after: what came of it?
    call          call, words                                   somebody asks you for ten minutes
    missed        call, words                                   nobody answered your question
    hurry         what (absent, offered), and what a booking has
    together      encounter                                     both want to go on: addresses
    booking       what (see bookings.letters), organisation_name, room, timezone, starts_at,
                  ends_at, people, net_cents, vat_cents, due_cents, currency
    story         story, title                                  may it be told, with your name?
    seat          what (kept, cancelled, freed) and all of `seats.facts_of`
    seat_reminder the same, the day before
    invoice       what (invoice, credit), invoice, number, credits, organisation,
                  organisation_name, lines, total_cents, currency, due_on, paid
    refund        why (late, changed), whole (all that came goes back), organisation,
                  organisation_name, booking, room, cents, currency
"""

from serendipity.mail import bounces
from serendipity.mail.life import (
    begin,
    failed,
    is_too_late,
    orphans,
    send_again,
    sent,
    tally,
    troubles,
    try_again,
    uncertain,
    waiting_time,
    withdraw,
)
from serendipity.mail.outbox import (
    CLAIM,
    DATA_WINDOW,
    KINDS,
    MOST_TRIES,
    Kind,
    Letter,
    NoSuchKind,
    NoSuchLetter,
    NotOurs,
    UnusableAddress,
    begun_since,
    claim,
    due,
    letter_owed,
    owe,
    owe_all,
    usable_address,
)
from serendipity.mail.stopping import letter_of, pause, stop, stop_token

__all__ = [
    "letter_of",
    "pause",
    "stop",
    "stop_token",
    "CLAIM",
    "DATA_WINDOW",
    "KINDS",
    "Kind",
    "Letter",
    "MOST_TRIES",
    "NoSuchKind",
    "NoSuchLetter",
    "NotOurs",
    "UnusableAddress",
    "begin",
    "begun_since",
    "claim",
    "due",
    "failed",
    "is_too_late",
    "letter_owed",
    "bounces",
    "orphans",
    "owe",
    "owe_all",
    "send_again",
    "sent",
    "tally",
    "troubles",
    "try_again",
    "uncertain",
    "usable_address",
    "waiting_time",
    "withdraw",
]
