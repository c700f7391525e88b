"""The journal: what was issued, as an accountant's software takes it in.

One row for each side of each entry, in the columns of the French FEC (article A47 A-1 of the LPF):
what the organisation owes (411), the sale (706) and its VAT (44571); a credit note is the same with
the sides changed. Every entry balances. No cell is a formula, whatever a name begins with.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Final

from serendipity.invoices.invoice import Invoice

COLUMNS: Final = (
    "JournalCode", "JournalLib", "EcritureNum", "EcritureDate", "CompteNum", "CompteLib",
    "CompAuxNum", "CompAuxLib", "PieceRef", "PieceDate", "EcritureLib", "Debit", "Credit",
    "EcritureLet", "DateLet", "ValidDate", "Montantdevise", "Idevise",
)  # fmt: skip
CUSTOMERS, SALES, VAT = ("411", "Clients"), ("706", "Prestations de services"), ("44571", "TVA")
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def written(invoices: Iterable[Invoice]) -> str:
    """The journal of these invoices: UTF-8 text, semicolons, decimal commas, oldest first."""
    sheet = io.StringIO()
    out = csv.writer(sheet, delimiter=";", lineterminator="\r\n")
    out.writerow(COLUMNS)
    for invoice in sorted(invoices, key=lambda one: (one.year, one.count)):
        out.writerows(_entry(invoice))
    return sheet.getvalue()


def _entry(invoice: Invoice) -> Iterator[list[str]]:
    name = invoice.content["buyer"]["name"]
    customer = f"C{invoice.organisation_id:06d}"
    yield _row(invoice, CUSTOMERS, invoice.total.gross_cents, auxiliary=(customer, name))
    for tax in invoice.content["taxes"]:
        yield _row(invoice, SALES, -tax["net_cents"])
        if tax["vat_cents"]:
            yield _row(invoice, VAT, -tax["vat_cents"])


def _row(
    invoice: Invoice, account: tuple[str, str], cents: int, auxiliary: tuple[str, str] = ("", "")
) -> list[str]:
    """One side: what is positive is a debit, on an invoice; on a credit note it is a credit."""
    signed = -cents if invoice.kind == "credit" else cents
    day = invoice.issued_on.replace("-", "")
    kind = "Avoir" if invoice.kind == "credit" else "Facture"
    words = f"{kind} {invoice.number} {invoice.content['buyer']['name']}"
    facts = ("VE", "Ventes", invoice.number, day, *account, *auxiliary, invoice.number, day, words)
    sides = (_amount(max(signed, 0)), _amount(max(-signed, 0)))
    return [plain(fact) for fact in facts] + [*sides, "", "", day, "", invoice.currency]


def _amount(cents: int) -> str:
    return f"{cents // 100},{cents % 100:02d}"


def plain(words: str) -> str:
    """The words as no spreadsheet reads a formula: an apostrophe before what would begin one."""
    return f"'{words}" if words.startswith(FORMULA) else words
