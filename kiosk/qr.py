"""QR codes as one SVG path: sharp at every size, nothing to download, no image library.

`qrcode` does the arithmetic. It is imported where it is used, because it brings an image library
along that a web process otherwise never needs (half a second, and memory).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby


@dataclass(frozen=True)
class Drawing:
    """A path in a square of `side` modules, without the quiet zone."""

    side: int
    path: str


def drawing(address: str) -> Drawing:
    """The QR code of an address, at error correction M (15 % may be hidden by a finger)."""
    from qrcode.constants import ERROR_CORRECT_M  # noqa: PLC0415
    from qrcode.main import QRCode  # noqa: PLC0415

    code: QRCode = QRCode(error_correction=ERROR_CORRECT_M, border=0)
    code.add_data(address)
    code.make(fit=True)
    rows = code.get_matrix()
    return Drawing(len(rows), "".join(_strokes(y, row) for y, row in enumerate(rows)))


def _strokes(y: int, row: list[bool]) -> str:
    """One horizontal bar for each run of dark modules."""
    strokes, x = "", 0
    for dark, run in groupby(row):
        width = len(list(run))
        if dark:
            strokes += f"M{x} {y}h{width}v1h-{width}z"
        x += width
    return strokes
