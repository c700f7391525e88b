"""The demo: two lieux, some sixty people in three languages, and a day that keeps moving.

Everything is made through the same verbs that members use, so that the demo is also a rehearsal:
past stays pledge, past encounters are confirmed by both and leave ties and ledger entries. Never
for real use: with the setting `demo` on, one address a role signs you in.
"""

from __future__ import annotations

from collections.abc import Callable


def prepared(address: str, *, step: Callable[[str], None]) -> list[str]:
    """Build the demo where it is not built yet, open its day, and say which addresses to open."""
    # Imported here: web processes import this package for the names of the roles only.
    from serendipity import clock  # noqa: PLC0415
    from serendipity.db import writing  # noqa: PLC0415
    from serendipity.demo import community  # noqa: PLC0415

    with writing() as session:
        community.build(session, at=clock.now(), step=step)
    with writing() as session:
        community.open_the_day(session, at=clock.now(), step=step)
    return [
        "",
        "Open in your browser (each in a window of its own, or a private one):",
        f"  all doors   {address}/demo/",
        f"  kiosk       {address}/demo/kiosk/la-navette",
        f"  coworker    {address}/demo/as/coworker",
        f"  company     {address}/demo/as/company",
        f"  concierge   {address}/demo/as/concierge",
        f"  operator    {address}/demo/as/operator",
        "Letters are written to the folder mail of the instance.",
        "",
    ]
