"""Time: the server's clock is the only one that decides, and it speaks UTC.

Every instant in the domain is a timezone-aware `datetime` in UTC, passed in as an argument called
`at`; only fronts and jobs ask this module what time it is. A lieu's own zone appears at the edges:
to show a time, to find a local date, to turn "16:30 today" into an instant. Durations are computed
in UTC, intervals are half-open.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from serendipity.errors import AmbiguousTimeError, NonexistentTimeError

_source: Callable[[], datetime] = lambda: datetime.now(UTC)  # noqa: E731


def now() -> datetime:
    """The present instant, in UTC."""
    return _source()


def set_source(source: Callable[[], datetime] | None) -> None:
    """Let tests and the demo decide what time it is; None gives the system's clock back."""
    global _source  # noqa: PLW0603
    _source = source or (lambda: datetime.now(UTC))


def local(at: datetime, zone: str) -> datetime:
    """The same instant as a wall clock in `zone` shows it."""
    return at.astimezone(ZoneInfo(zone))


def local_date(at: datetime, zone: str) -> date:
    """The date on the wall of the lieu."""
    return local(at, zone).date()


def instant(day: date, wall: time, zone: str, *, fold: int | None = None) -> datetime:
    """The instant at which a clock in `zone` shows `wall` on `day`.

    Parameters
    ----------
    fold : 0 or 1, optional
        Which of the two, for the hour that a clock change repeats (0 the first).

    Raises
    ------
    NonexistentTimeError
        The clock jumps over that time (spring).
    AmbiguousTimeError
        The clock shows that time twice (autumn) and `fold` was not given.
    """
    tz = ZoneInfo(zone)
    first = datetime.combine(day, wall, tzinfo=tz).replace(fold=0)
    second = first.replace(fold=1)
    if first.utcoffset() != second.utcoffset():
        # A gap makes the offset grow between the two folds, a repeated hour makes it shrink.
        if first.utcoffset() < second.utcoffset():  # type: ignore[operator]
            raise NonexistentTimeError(day=day, wall=wall, zone=zone)
        if fold is None:
            raise AmbiguousTimeError(day=day, wall=wall, zone=zone)
    return (second if fold == 1 else first).astimezone(UTC)


def day_bounds(day: date, zone: str) -> tuple[datetime, datetime]:
    """The half-open interval of UTC instants that `day` covers in `zone` (23, 24 or 25 hours)."""
    tz = ZoneInfo(zone)
    start = datetime.combine(day, time(0), tzinfo=tz)
    end = datetime.combine(day + timedelta(days=1), time(0), tzinfo=tz)
    return start.astimezone(UTC), end.astimezone(UTC)
