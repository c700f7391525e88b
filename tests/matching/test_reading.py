"""Claims about reading: what is heard, what is not, and what no input can do."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from matching.__main__ import main
from matching.reading import Reader
from matching.sources import Concept
from matching.vocabulary import Vocabulary


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _own_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERENDIPITY_CACHE", str(cache))


def _rows() -> list[Concept]:
    named = {
        "bookkeeping": ("bookkeeping", "comptabilité", "boekhouding"),
        "bike-repair": ("bicycle repair", "réparation de vélos", "fietsen herstellen"),
        "sewing": ("sewing", "couture", "naaien"),
        "welding": ("welding", "soudure", "lassen"),
        "guitar": ("playing the guitar", "jouer de la guitare", "gitaar spelen"),
        "dutch": ("Dutch language", "néerlandais", "Nederlands"),
        "python": ("Python", "Python", "Python"),
        "grants": ("writing grant applications", "rédiger des demandes de subvention", "subsidies"),
        "plumbing": ("plumbing", "plomberie", "loodgieterij"),
        "baking": ("baking bread", "faire du pain", "brood bakken"),
        "gardening": ("gardening", "jardinage", "tuinieren"),
        "photo": ("photography", "photographie", "fotografie"),
    }
    return [
        Concept(key, dict(zip(("en", "fr", "nl"), labels, strict=True)))
        for key, labels in named.items()
    ]


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary(_rows())


@pytest.fixture
def reader(vocabulary: Vocabulary) -> Reader:
    return Reader(vocabulary)


def first(reader: Reader, text: str, language: str | None = None) -> str | None:
    found = reader.read(text, language)
    return found[0].concept_id if found else None


@pytest.mark.parametrize(
    ("text", "language", "concept"),
    [
        ("Comptabilité", "fr", "bookkeeping"),
        ("comptable", "fr", "bookkeeping"),
        ("tenir les comptes d'une asbl", None, "bookkeeping"),
        ("accountant", None, "bookkeeping"),
        ("réparer mon vélo", "fr", "bike-repair"),
        ("fietsmaker", "nl", "bike-repair"),
        ("loodgieter", None, "plumbing"),
        ("plombier", "fr", "plumbing"),
        ("compatbilité", "fr", "bookkeeping"),
        ("pyhton", None, "python"),
        ("PYTHON!!!", "xx", "python"),
    ],
)
def test_a_phrase_is_read_by_meaning_across_languages_and_misspellings(
    reader: Reader, text: str, language: str | None, concept: str
) -> None:
    assert first(reader, text, language) == concept


def test_an_exact_name_is_nearly_sure_and_nonsense_is_not(reader: Reader) -> None:
    assert reader.read("soudure", "fr")[0].p > 0.8
    unknown = reader.read("zxqv blorptang", None)
    assert not unknown or unknown[0].p < 0.3


def test_answers_come_best_first_within_zero_and_one(reader: Reader) -> None:
    found = reader.read("réparer des vélos et faire du pain", "fr")
    chances = [h.p for h in found]
    assert chances == sorted(chances, reverse=True)
    assert all(0 <= p <= 1 for p in chances)
    assert len({h.concept_id for h in found}) == len(found)
    assert {"bike-repair", "baking"} == {h.concept_id for h in found[:2]}


def test_top_limits_the_answers(reader: Reader) -> None:
    assert len(reader.read("faire du pain", "fr", top=1)) == 1


def test_the_label_speaks_the_language_of_the_phrase(reader: Reader) -> None:
    assert reader.read("brood bakken", "nl")[0].label == "brood bakken"
    assert reader.read("faire du pain")[0].label == "faire du pain"
    assert reader.read("faire du pain")[0].language == "fr"


@pytest.mark.parametrize(
    "text", ["je ne fais pas de couture", "no sewing", "geen naaien", "sauf la couture"]
)
def test_what_is_refused_is_never_heard(reader: Reader, text: str) -> None:
    assert reader.read(text) == []
    assert reader.read_many([(text, None)], wanted=True) == [[]]


@pytest.mark.parametrize("text", ["je débute en couture", "I'm learning sewing", "ik leer naaien"])
def test_what_is_being_learned_is_heard_as_a_need_only(reader: Reader, text: str) -> None:
    assert reader.read(text) == []
    assert reader.read_many([(text, None)], wanted=True)[0][0].concept_id == "sewing"


def test_a_confirmed_alias_is_read_at_once_and_helps_its_neighbours(
    vocabulary: Vocabulary,
) -> None:
    aliases = [("Les petites mains du jeudi", "sewing"), ("gone", "no-such-concept")]
    reader = Reader(vocabulary, aliases)
    heard = reader.read("les petites MAINS, du jeudi", "fr")[0]
    assert (heard.concept_id, heard.p > 0.8) == ("sewing", True)
    plain = {h.concept_id: h.p for h in Reader(vocabulary).read("petites mains", "fr")}
    taught = {h.concept_id: h.p for h in reader.read("petites mains", "fr")}
    assert taught["sewing"] > plain.get("sewing", 0)


def test_reading_many_is_reading_each(reader: Reader) -> None:
    items = [("couture", "fr"), ("", None), ("bike repair, gardening", "en"), ("🎉", None)]
    together = reader.read_many(items)
    for item, found in zip(items, together, strict=True):
        alone = reader.read(*item)
        assert [h.concept_id for h in found] == [h.concept_id for h in alone]
        np.testing.assert_allclose([h.p for h in found], [h.p for h in alone], atol=1e-4)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "🎉🎉",
        "\x00",
        "\ud800",
        "\ud83d couture",
        "إصلاح الدراجات",
        "תיקון אופניים",
        "a" * 10_000,
        "couture, " * 1_200,
        "((((" * 500,
        "1234567890",
        "—",
    ],
)
def test_no_text_stops_the_reader(reader: Reader, text: str) -> None:
    for language in (None, "fr", "zz", ""):
        for heard in reader.read(text, language):
            assert heard.concept_id
            assert 0 <= heard.p <= 1


def test_a_vocabulary_of_one_concept_can_be_read() -> None:
    reader = Reader(Vocabulary([Concept("sewing", {"fr": "couture"})]))
    assert first(reader, "couture", "fr") == "sewing"


# --- the commands -------------------------------------------------------------------------


def run(monkeypatch: pytest.MonkeyPatch, arguments: list[str], given: bytes = b"") -> int:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
    return main(arguments)


@pytest.fixture
def saved(vocabulary: Vocabulary, tmp_path: Path) -> str:
    vocabulary.save(tmp_path / "v.npz")
    return str(tmp_path / "v.npz")


def test_read_answers_each_line_in_order(
    saved: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = '{"id": 7, "text": "couture", "lang": "fr"}\n\n{"id": "b", "text": ""}\n'
    assert run(monkeypatch, ["read", "--vocabulary", saved, "--top", "2"], given.encode()) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["id"] for line in lines] == [7, "b"]
    assert lines[0]["concepts"][0]["id"] == "sewing"
    assert set(lines[0]["concepts"][0]) == {"id", "label", "p"}
    assert len(lines[0]["concepts"]) <= 2
    assert lines[1]["concepts"] == []


@pytest.mark.parametrize(
    "line", [b"nope", b"[]", b'{"id": 1}', b'{"text": 3}', b'{"text": "a", "lang": 3}', b"\xff"]
)
def test_a_malformed_line_is_named_and_the_lines_before_it_are_answered(
    saved: str,
    line: bytes,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = b'{"id": 1, "text": "couture"}\n' + line + b"\n"
    assert run(monkeypatch, ["read", "--vocabulary", saved], given) == 2
    shown = capsys.readouterr()
    assert "line 2" in shown.err
    assert json.loads(shown.out)["id"] == 1


def test_aliases_come_from_a_file(
    saved: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.csv").write_text("text,concept\npetites mains,sewing\n")
    arguments = ["read", "--vocabulary", saved, "--aliases", str(tmp_path / "a.csv")]
    assert run(monkeypatch, arguments, b'{"id": 1, "text": "Petites Mains"}') == 0
    assert json.loads(capsys.readouterr().out)["concepts"][0]["id"] == "sewing"


def test_a_missing_vocabulary_or_a_wrong_alias_file_is_one_line_and_exit_2(
    saved: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, ["read", "--vocabulary", str(tmp_path / "none")]) == 2
    assert "no such file" in capsys.readouterr().err
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    arguments = ["read", "--vocabulary", saved, "--aliases", str(tmp_path / "a.csv")]
    assert run(monkeypatch, arguments) == 2
    assert "text and concept" in capsys.readouterr().err


def test_the_vocabulary_command_makes_a_file_that_read_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    head = "conceptUri,preferredLabel,altLabels,description\n"
    (tmp_path / "skills_fr.csv").write_text(head + "x/skill/w,souder,soudure,\n")
    made = str(tmp_path / "v.npz")
    assert run(monkeypatch, ["vocabulary", str(tmp_path), "--output", made]) == 0
    assert "1 skills in fr" in capsys.readouterr().out
    assert run(monkeypatch, ["read", "--vocabulary", made], b'{"id": 1, "text": "soudure"}') == 0
    assert json.loads(capsys.readouterr().out)["concepts"][0]["id"] == "w"
