"""The starter vocabulary is well formed, and no word of it names two skills by accident."""

import re
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from matching import sources
from matching.text import LANGUAGES, normalised

FOLDER = sources.STARTER
FAMILIES = FOLDER / "families.tsv"
FILES = sorted(path for path in FOLDER.glob("*.tsv") if path != FAMILIES)
HEADER = ["id", "family", "broader", *LANGUAGES, *(f"{lang}_alt" for lang in LANGUAGES)]
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

# Words that truly name two skills in daily speech. The reader proposes both; the member chooses.
AMBIGUOUS = {
    ("en", "interview"): {"interviewing", "interview-training"},
    ("fr", "bilan"): {"annual-accounts", "skills-assessment"},
    ("fr", "smart"): {"activity-cooperatives", "artist-status"},
    ("fr", "statuts"): {"company-law", "writing-statutes"},
}

Row = dict[str, str]


def rows_of(path: Path) -> list[Row]:
    lines = path.read_text(encoding="utf-8").split("\n")
    assert lines.pop() == "", "the last line ends like the others"
    header, *cells = [line.split("\t") for line in lines]
    return [dict(zip(header, row, strict=True)) for row in cells]


def alternatives_of(row: Row, lang: str) -> list[str]:
    return row[f"{lang}_alt"].split(" | ")


def names_of(row: Row, lang: str) -> list[str]:
    return [row[lang], *alternatives_of(row, lang)]


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return [row for path in FILES for row in rows_of(path)]


def shared_names(rows: list[Row]) -> dict[tuple[str, str], set[str]]:
    bearers: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in rows:
        for lang in LANGUAGES:
            for name in names_of(row, lang):
                bearers[lang, normalised(name)].add(row["id"])
    return {name: ids for name, ids in bearers.items() if len(ids) > 1}


def chain_above(skill: str, broader: dict[str, str]) -> list[str]:
    chain = [skill]
    while above := broader[chain[-1]]:
        chain.append(above)
        if above == skill or len(chain) > len(broader):
            break
    return chain


def test_each_family_has_one_file_and_a_name_in_each_language() -> None:
    families = rows_of(FAMILIES)
    assert sorted(family["id"] for family in families) == [path.stem for path in FILES]
    for lang in LANGUAGES:
        names = [family[lang] for family in families]
        assert all(names)
        assert len(set(names)) == 32


def test_there_are_at_least_700_skills_and_no_thin_family(rows: list[Row]) -> None:
    sizes = Counter(row["family"] for row in rows)
    assert sizes.total() >= 700
    assert min(sizes.values()) >= 20


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
class TestFile:
    def test_has_the_columns_and_names_its_own_family(self, path: Path) -> None:
        rows = rows_of(path)
        assert all(list(row) == HEADER for row in rows)
        assert {row["family"] for row in rows} == {path.stem}
        assert [row["id"] for row in rows if not SLUG.fullmatch(row["id"])] == []

    def test_is_typed_plainly(self, path: Path) -> None:
        for row in rows_of(path):
            for lang in LANGUAGES:
                for name in names_of(row, lang):
                    assert name == " ".join(name.split()), name
                    assert name == unicodedata.normalize("NFC", name), name
                    assert not set(name) & set("’“”|\t\u00a0"), name
                    assert normalised(name), row["id"]

    def test_has_short_labels_in_sentence_case(self, path: Path) -> None:
        labels = [row[lang] for row in rows_of(path) for lang in LANGUAGES]
        assert [label for label in labels if not 1 <= len(label.split()) <= 4] == []
        assert [label for label in labels if not label[0].isupper() and label[0].isalpha()] == []

    def test_has_two_to_six_other_names_without_repeating_one(self, path: Path) -> None:
        for row in rows_of(path):
            for lang in LANGUAGES:
                assert 2 <= len(alternatives_of(row, lang)) <= 6, (row["id"], lang)
                names = Counter(name.casefold() for name in names_of(row, lang))
                assert max(names.values()) == 1, (row["id"], lang, names.most_common(1))


def test_an_id_is_one_skill_in_the_whole_vocabulary(rows: list[Row]) -> None:
    ids = Counter(row["id"] for row in rows)
    assert [skill for skill, times in ids.items() if times > 1] == []


def test_a_broader_skill_is_of_the_same_family(rows: list[Row]) -> None:
    family = {row["id"]: row["family"] for row in rows}
    lost = [r["id"] for r in rows if r["broader"] and family.get(r["broader"]) != r["family"]]
    assert lost == []


def test_no_skill_is_broader_than_itself(rows: list[Row]) -> None:
    broader = {row["id"]: row["broader"] for row in rows}
    assert [skill for skill in broader if skill in chain_above(skill, broader)[1:]] == []


def test_no_word_names_two_skills_except_the_ambiguous_ones(rows: list[Row]) -> None:
    assert shared_names(rows) == AMBIGUOUS


def test_the_library_reads_every_row(rows: list[Row]) -> None:
    concepts = {concept.id: concept for concept in sources.starter_concepts()}
    assert concepts.keys() == {row["id"] for row in rows}
    for row in rows:
        concept = concepts[row["id"]]
        assert concept.labels == {lang: row[lang] for lang in LANGUAGES}
        for lang in LANGUAGES:
            assert list(concept.alternatives[lang]) == alternatives_of(row, lang)
    assert sources.families().keys() == {row["family"] for row in rows}
