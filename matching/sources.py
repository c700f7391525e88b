"""Sources: where the concepts of a vocabulary come from.

Three are read: the starter vocabulary that ships with the project, the official CSV download of
ESCO v1.2 (the European classification of skills), and a table with the columns ``id, en, fr[,
nl, fr_alt, en_text]``. Each gives the same frozen `Concept`. A file that cannot be understood
is refused with the file and the line; nothing is half read.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from matching.errors import MatchingError
from matching.text import LANGUAGES, printable

STARTER: Final = Path(__file__).parent / "starter"
# ESCO's altLabels are one cell with a label a line; the starter and tables use a bar.
_BETWEEN: Final = re.compile(r"\s*[|\n]\s*")
_MOST: Final = 24


@dataclass(frozen=True, slots=True)
class Concept:
    """A skill that the vocabulary names.

    Attributes
    ----------
    id : str
        Opaque: a slug in the starter, the last part of the URI in ESCO.
    labels : mapping of language to label
        At least one language.
    alternatives : mapping of language to tuple of labels
        Synonyms, everyday words, common misspellings.
    family : str
        Id of a family for browsing; empty when the source has none.
    broader : tuple of str
        Ids of the wider concepts; empty at the top.
    about : mapping of language to text
        A description, or any longer text that helps to recognise the skill.
    """

    id: str
    labels: Mapping[str, str]
    alternatives: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    family: str = ""
    broader: tuple[str, ...] = ()
    about: Mapping[str, str] = field(default_factory=dict)

    def names(self) -> dict[str, tuple[str, ...]]:
        """Return label and alternatives of each language.

        Examples
        --------
        >>> Concept("weld", {"en": "welding"}, {"en": ("weld",), "fr": ("souder",)}).names()
        {'en': ('welding', 'weld'), 'fr': ('souder',)}
        """
        found: dict[str, tuple[str, ...]] = {lang: (own,) for lang, own in self.labels.items()}
        for lang, others in self.alternatives.items():
            found[lang] = (*found.get(lang, ()), *others)
        return found

    def label(self, language: str | None = None) -> str:
        """Return the label in `language`, else in the first language there is.

        Examples
        --------
        >>> c = Concept("bike-repair", {"en": "bicycle repair", "fr": "réparation de vélos"})
        >>> c.label("fr"), c.label("nl")
        ('réparation de vélos', 'bicycle repair')
        """
        if language in self.labels:
            return self.labels[str(language)]
        return next((self.labels[lang] for lang in LANGUAGES if lang in self.labels), self.id)


class UnreadableSourceError(MatchingError):
    """A file is missing, or has a line that cannot be a concept.

    Attributes
    ----------
    path : Path
    reason : str
    """

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


# --- the starter --------------------------------------------------------------------------


def starter_concepts(folder: Path = STARTER) -> list[Concept]:
    """Return the concepts of the starter vocabulary: one file for each family.

    Raises
    ------
    UnreadableSourceError
        A folder without families, a row without id or label, an id twice.
    """
    files = sorted(p for p in folder.glob("*.tsv") if p.name != "families.tsv")
    if not files:
        raise UnreadableSourceError(folder, "no vocabulary here")
    return _unique(
        (path, _starter_concept(path, line, row))
        for path in files
        for line, row in _rows(path, dialect=_Tabs)
    )


def families(folder: Path = STARTER) -> dict[str, dict[str, str]]:
    """Return the names of the starter's families: ``{id: {language: name}}``."""
    rows = _rows(folder / "families.tsv", dialect=_Tabs)
    return {row["id"]: {lang: row[lang] for lang in LANGUAGES if row.get(lang)} for _, row in rows}


def _starter_concept(path: Path, line: int, row: Mapping[str, str]) -> Concept:
    labels = _labels(row)
    if not row.get("id") or not labels:
        raise UnreadableSourceError(path, f"line {line}: a skill needs an id and a label")
    return Concept(
        id=row["id"].strip(),
        labels=labels,
        alternatives=_alternatives(row),
        family=(row.get("family") or "").strip(),
        broader=tuple((row.get("broader") or "").split()),
    )


# --- ESCO ---------------------------------------------------------------------------------


def esco_concepts(place: Path | Sequence[Path]) -> list[Concept]:
    """Return the skills of ESCO's official CSV download.

    Parameters
    ----------
    place : Path or sequence of Path
        The unpacked folder, or the files: ``skills_en.csv``, ``skills_fr.csv``, ``skills_nl.csv``
        (any of them) and ``broaderRelationsSkillPillar*.csv`` when present. Columns used:
        conceptUri, preferredLabel, altLabels, hiddenLabels, description; conceptUri, broaderUri.

    Raises
    ------
    UnreadableSourceError
        No ``skills_*.csv`` for a language of the project, or a column is missing.
    """
    files = sorted(place.glob("*.csv")) if isinstance(place, Path) else list(place)
    skills = {lang: f for f in files for lang in LANGUAGES if f.stem.endswith(f"skills_{lang}")}
    if not skills:
        where = place if isinstance(place, Path) else Path(str(files[0] if files else "."))
        raise UnreadableSourceError(where, "no skills_en.csv, skills_fr.csv or skills_nl.csv")
    broader = _esco_broader(f for f in files if "broaderrelationsskill" in f.stem.casefold())
    rows: dict[str, dict[str, dict[str, str]]] = {}
    for lang, path in skills.items():
        for line, row in _rows(path):
            if not row.get("conceptUri"):
                raise UnreadableSourceError(path, f"line {line}: no conceptUri")
            rows.setdefault(_last(row["conceptUri"]), {})[lang] = row
    found = (_esco_concept(key, by, broader.get(key, ())) for key, by in sorted(rows.items()))
    return [concept for concept in found if concept.labels]


def _esco_concept(
    key: str, by_language: Mapping[str, Mapping[str, str]], broader: Iterable[str]
) -> Concept:
    labels = {lang: printable(r.get("preferredLabel") or "") for lang, r in by_language.items()}
    other = {
        lang: "\n".join(filter(None, (r.get("altLabels"), r.get("hiddenLabels"))))
        for lang, r in by_language.items()
    }
    about = {lang: printable(r.get("description") or "") for lang, r in by_language.items()}
    return Concept(
        id=key,
        labels={lang: label for lang, label in labels.items() if label},
        alternatives=_split(other),
        broader=tuple(broader),
        about={lang: text for lang, text in about.items() if text},
    )


def _esco_broader(files: Iterable[Path]) -> dict[str, tuple[str, ...]]:
    wider: dict[str, dict[str, None]] = {}
    for path in files:
        for _, row in _rows(path):
            narrow, broad = row.get("conceptUri"), row.get("broaderUri")
            if narrow and broad:
                wider.setdefault(_last(narrow), {})[_last(broad)] = None
    return {key: tuple(found) for key, found in wider.items()}


def _last(uri: str) -> str:
    return uri.strip().rstrip("/").rsplit("/", 1)[-1]


# --- tables -------------------------------------------------------------------------------


def table_concepts(path: Path) -> list[Concept]:
    """Return the concepts of a parquet table with columns ``id, en, fr[, nl, *_alt, en_text]``.

    A row without any label is left out: it cannot be proposed to anybody.

    Raises
    ------
    UnreadableSourceError
        Not a parquet file, or no ``id`` or no language column, or an id twice.
    """
    columns = _parquet_columns(path)
    ids = columns.get("id") or columns.get("__index_level_0__")
    if ids is None or not any(lang in columns for lang in LANGUAGES):
        raise UnreadableSourceError(path, "columns id and at least one of en, fr, nl are needed")
    rows = (
        {name: _cell(values[i]) for name, values in columns.items()} | {"id": _cell(key)}
        for i, key in enumerate(ids)
    )
    return _unique((path, c) for row in rows if (c := _table_concept(row)).labels)


def _parquet_columns(path: Path) -> dict[str, list[Any]]:
    # heavy, and needed for this kind of file only
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import parquet  # noqa: PLC0415

    if not path.is_file():
        raise UnreadableSourceError(path, "no such file")
    try:
        found: dict[str, list[Any]] = parquet.read_table(path).to_pydict()
    except pa.ArrowException as error:
        raise UnreadableSourceError(path, "not a parquet file") from error
    return found


def _table_concept(row: Mapping[str, str]) -> Concept:
    about = {lang: printable(row.get(f"{lang}_text", "")) for lang in LANGUAGES}
    return Concept(
        id=row["id"],
        labels=_labels(row),
        alternatives=_alternatives(row),
        family=row.get("family", ""),
        broader=tuple(row.get("broader", "").split()),
        about={lang: text for lang, text in about.items() if text},
    )


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return str(value)


# --- common -------------------------------------------------------------------------------


class _Tabs(csv.excel_tab):
    """Plain tab-separated text: a quote is a letter like another."""

    quoting = csv.QUOTE_NONE


def _rows(
    path: Path, *, dialect: type[csv.Dialect] = csv.excel
) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, dialect=dialect)
            for row in reader:
                yield reader.line_num, row
    except FileNotFoundError as error:
        raise UnreadableSourceError(path, "no such file") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise UnreadableSourceError(path, f"not a UTF-8 table ({error})") from error


def _labels(row: Mapping[str, str]) -> dict[str, str]:
    shown = ((str(lang), printable(row.get(lang) or "")) for lang in LANGUAGES)
    return {lang: label for lang, label in shown if label}


def _alternatives(row: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    return _split({lang: row.get(f"{lang}_alt") for lang in LANGUAGES})


def _split(cells: Mapping[str, str | None]) -> dict[str, tuple[str, ...]]:
    split = {
        lang: tuple(dict.fromkeys(filter(None, map(printable, _BETWEEN.split(cell)))))
        for lang, cell in cells.items()
        if cell
    }
    return {lang: labels[:_MOST] for lang, labels in split.items() if labels}


def _unique(found: Iterable[tuple[Path, Concept]]) -> list[Concept]:
    concepts: dict[str, Concept] = {}
    for path, concept in found:
        if concept.id in concepts:
            raise UnreadableSourceError(path, f"the id {concept.id} is there twice")
        concepts[concept.id] = concept
    return list(concepts.values())
