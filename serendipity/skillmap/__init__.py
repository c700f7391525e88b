"""The skill map: which skills are in the house, as counts, for who books a room there.

Rules kept here:

- Only people who are checked in, confirmed, not hidden and agreed to be seen here today count.
- Nobody can be picked out: a skill held by fewer than three people is counted with its family's
  others, a family of fewer than three people with what is left, and what is left of fewer than
  three people is not told at all. A person counts once at each table, never below three.
- Nobody can be told apart by coming or going. Once a quarter hour it is looked whether so many
  people are others by now that one more is lost among them; only then is the map taken anew, the
  whole of it, and kept in `skill_count`. Looking again, from another room, for another word or
  after a minute, shows the same rows, and they tell sizes (three or more, eight, sixteen). How
  much who polls the map can still tell of one person they know is measured: `python -m benchmarks
  telling`, and held by `tests/domain/test_watching.py`.
- An organisation looks from fifteen minutes before its booking until its end.
- Asking for ten minutes is a call of the booking: a name comes back when somebody said yes.
- Looking for a word finds the tables where somebody could help. It asks the vocabulary, never
  the people behind a family: that a word leads to a family does not tell that anybody holds it.
"""

from serendipity.skillmap.counts import (
    FEWEST,
    LONGEST,
    Held,
    Key,
    SkillCount,
    SkillCounting,
    count,
    count_all,
    counted,
    is_due,
    is_worn,
    quarter,
    size,
    size_of_house,
)
from serendipity.skillmap.seeing import (
    BEFORE,
    MapClosed,
    SkillMap,
    Table,
    ask,
    refuse_unless_open,
    revealed,
    skill_map,
    table_of,
    tables_for,
)

__all__ = [
    "BEFORE",
    "FEWEST",
    "Held",
    "Key",
    "LONGEST",
    "MapClosed",
    "SkillCount",
    "SkillCounting",
    "SkillMap",
    "Table",
    "ask",
    "count",
    "count_all",
    "counted",
    "is_due",
    "is_worn",
    "quarter",
    "refuse_unless_open",
    "revealed",
    "size",
    "size_of_house",
    "skill_map",
    "table_of",
    "tables_for",
]
