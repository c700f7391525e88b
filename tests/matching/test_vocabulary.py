"""Claims about where a vocabulary comes from, and what it keeps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from matching import storage
from matching.sources import Concept, UnreadableSourceError
from matching.vocabulary import Vocabulary


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERENDIPITY_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def small() -> Vocabulary:
    return Vocabulary(
        [
            Concept(
                "bike-repair",
                {"en": "bicycle repair", "fr": "réparation de vélos", "nl": "fietsherstelling"},
                {"fr": ("réparer un vélo", "mécano vélo")},
                family="bikes",
                broader=("repair",),
            ),
            Concept("repair", {"en": "repair", "fr": "réparation", "nl": "herstelling"}),
        ]
    )


def test_a_concept_is_found_by_id_and_by_every_name(small: Vocabulary) -> None:
    assert len(small) == 2
    assert small["bike-repair"].label("nl") == "fietsherstelling"
    assert small.broader("bike-repair") == ("repair",)
    assert small.broader("repair") == ()
    assert small.named("MÉCANO  vélo!") == ("bike-repair",)
    assert small.named("plumbing") == ()
    assert small.named("🎉") == ()
    with pytest.raises(KeyError):
        small["plumbing"]


def test_a_label_falls_back_to_a_language_there_is() -> None:
    assert Concept("x", {"nl": "lassen"}).label("fr") == "lassen"
    assert Concept("x", {"nl": "lassen"}).label(None) == "lassen"


def test_one_id_is_one_concept() -> None:
    with pytest.raises(ValueError, match="twice"):
        Vocabulary([Concept("x", {"en": "a"}), Concept("x", {"en": "b"})])


def test_the_starter_loads_and_its_broader_skills_exist() -> None:
    starter = Vocabulary.load()
    assert len(starter) > 300
    assert all(set(c.labels) == {"en", "fr", "nl"} for c in starter)
    assert {b for c in starter for b in c.broader} <= {c.id for c in starter}


def test_a_saved_vocabulary_is_the_same_and_its_vectors_are_mapped(
    small: Vocabulary, tmp_path: Path
) -> None:
    small.save(tmp_path / "v.npz")
    again = Vocabulary.load(tmp_path / "v.npz")
    assert list(again) == list(small)
    assert isinstance(again.placed().vectors, np.memmap)
    np.testing.assert_array_equal(again.placed().vectors, small.placed().vectors)
    assert [p.name for p in tmp_path.iterdir() if p.suffix == ".part"] == []


def test_placed_rows_are_kept_for_the_next_process(small: Vocabulary, tmp_path: Path) -> None:
    assert not isinstance(small.placed().vectors, np.memmap)
    assert isinstance(Vocabulary(list(small)).placed().vectors, np.memmap)
    changed = Vocabulary([Concept("repair", {"en": "mending"})])
    assert not isinstance(changed.placed().vectors, np.memmap)
    assert len(list((tmp_path / "cache").iterdir())) == 2


def test_a_cache_that_cannot_be_written_is_no_error(
    small: Vocabulary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a-file").write_text("")
    monkeypatch.setenv("SERENDIPITY_CACHE", str(tmp_path / "a-file" / "below"))
    assert len(small.placed().starts) == 2


def test_a_damaged_cache_is_made_again(small: Vocabulary, tmp_path: Path) -> None:
    small.placed()
    (cached,) = (tmp_path / "cache").iterdir()
    cached.write_bytes(cached.read_bytes()[:500])
    assert len(Vocabulary(list(small)).placed().starts) == 2


def test_int8_rows_keep_the_cosines(small: Vocabulary) -> None:
    placed = small.placed()
    rows = placed.vectors * placed.scales[:, None]
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=0.01)


def test_a_table_is_read_with_its_alternatives_and_text(tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": ["1", "2", "3"],
            "en": ["weld", None, None],
            "fr": ["souder", "coudre", None],
            "fr_alt": ["soudure|souder du métal", None, None],
            "en_text": ["weld welding Join metal.", None, None],
        }
    )
    parquet.write_table(table, tmp_path / "t.parquet")
    read = Vocabulary.load(tmp_path / "t.parquet")
    assert [c.id for c in read] == ["1", "2"]
    assert read["1"].alternatives == {"fr": ("soudure", "souder du métal")}
    assert read["1"].about == {"en": "weld welding Join metal."}


def test_escos_own_csv_is_read_in_three_languages(tmp_path: Path) -> None:
    uri = "http://data.europa.eu/esco/skill/"
    head = "conceptType,conceptUri,skillType,reuseLevel,preferredLabel,altLabels,hiddenLabels,"
    head += "status,modifiedDate,scopeNote,definition,inScheme,description\n"
    row = "KnowledgeSkillCompetence,{},skill,cross-sector,{},{},,released,2024,,,,{}\n"
    for lang, label, alt in (
        ("en", "weld metal", '"welding\nmetal welding"'),
        ("fr", "souder du métal", "soudure"),
        ("nl", "metaal lassen", ""),
    ):
        text = head + row.format(uri + "w", label, alt, "Join metal." if lang == "en" else "")
        (tmp_path / f"skills_{lang}.csv").write_text(text, encoding="utf-8")
    (tmp_path / "broaderRelationsSkillPillar_en.csv").write_text(
        f"conceptType,conceptUri,broaderType,broaderUri\nK,{uri}w,SkillGroup,{uri}S8.1\n"
    )
    read = Vocabulary.load(tmp_path)
    assert read["w"].labels == {
        "en": "weld metal",
        "fr": "souder du métal",
        "nl": "metaal lassen",
    }
    assert read["w"].alternatives == {"en": ("welding", "metal welding"), "fr": ("soudure",)}
    assert read.broader("w") == ("S8.1",)
    files = sorted(tmp_path.glob("*.csv"))
    assert list(Vocabulary.from_esco_csv(files)) == list(read)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("text.npz", b"not a zip"),
        ("empty.npz", b""),
        ("cut.parquet", b"PAR1 and nothing"),
    ],
)
def test_a_file_of_another_kind_is_refused_by_name(
    tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnreadableSourceError, match=name):
        Vocabulary.load(tmp_path / name)


def test_a_missing_file_or_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableSourceError, match="no such file"):
        Vocabulary.load(tmp_path / "none.npz")
    with pytest.raises(UnreadableSourceError, match="skills_en"):
        Vocabulary.load(tmp_path)


def test_a_table_without_labels_is_refused(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"id": ["1"], "de": ["schweißen"]}), tmp_path / "t.parquet")
    with pytest.raises(UnreadableSourceError, match="at least one of en, fr, nl"):
        Vocabulary.load(tmp_path / "t.parquet")


def test_an_empty_vocabulary_has_no_rows_to_place() -> None:
    with pytest.raises(ValueError, match="at least one concept"):
        Vocabulary([]).placed()


def test_arrays_come_back_as_they_were_written(tmp_path: Path) -> None:
    arrays = {"a": np.arange(6).reshape(2, 3), "none": np.zeros((0, 4)), "one": np.array(7)}
    storage.write(tmp_path / "a.npz", arrays)
    read = storage.mapped(tmp_path / "a.npz")
    for name, value in arrays.items():
        np.testing.assert_array_equal(read[name], value)
