"""Claims about plain spelling, guessed languages and phrases."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.text import guess_language, normalised, phrases, printable, words


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("  Comptabilité\tGÉNÉRALE ", "comptabilite generale"),
        ("œuvre d’art", "oeuvre d art"),
        ("C++, C# et .NET", "c++ c# et net"),
        ("++ # alone", "alone"),
        ("Straße", "strasse"),
        ("caf\u0065\u0301", "cafe"),
        ("a\x00b\ud800c", "a b c"),
        ("🎉 🛠️", ""),
        ("", ""),
        ("إصلاح الدراجات", "اصلاح الدراجات"),
    ],
)
def test_a_text_has_one_plain_spelling(written: str, plain: str) -> None:
    assert normalised(written) == plain


@given(st.text(max_size=200))
def test_the_plain_spelling_of_a_plain_spelling_is_itself(written: str) -> None:
    plain = normalised(written)
    assert normalised(plain) == plain
    assert words(written) == tuple(plain.split())


@given(st.text(alphabet=st.characters(), max_size=200))
def test_no_text_stops_the_splitting_or_the_guess(written: str) -> None:
    for phrase in phrases(written):
        assert normalised(phrase.text)
    assert guess_language(written) in {"en", "fr", "nl", None}
    printable(written).encode("utf-8")


@pytest.mark.parametrize(
    ("written", "language"),
    [
        ("réparer un vélo", "fr"),
        ("comptabilité", "fr"),
        ("aide pour ma déclaration d'impôts", "fr"),
        ("fietsen herstellen", "nl"),
        ("boekhouding", "nl"),
        ("ik zoek hulp met mijn website", "nl"),
        ("keeping the books", "en"),
        ("someone who can fix my bike", "en"),
        ("learning how to weld", "en"),
        ("PHP", None),
        ("3D", None),
        ("", None),
        ("🎉", None),
        ("إصلاح", None),
    ],
)
def test_a_language_is_guessed_only_when_the_letters_tell(
    written: str, language: str | None
) -> None:
    assert guess_language(written) == language


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("compta, vélo; jardin", ["compta", "vélo", "jardin"]),
        ("- couture\n- soudure\n* piano", ["couture", "soudure", "piano"]),
        ("couture et soudure", ["couture", "soudure"]),
        ("naaien en lassen", ["naaien", "lassen"]),
        ("aide en compta", ["aide en compta"]),
        ("installer et raccorder une prise", ["installer et raccorder une prise"]),
        ("machines (scie, tour), bois", ["machines (scie, tour)", "bois"]),
        ("design / print", ["design", "print"]),
        ("UX/UI", ["UX/UI"]),
        ("3,5 tonnes", ["3,5 tonnes"]),
        ("vélo, vélo", ["vélo"]),
        (", ;; \n", []),
        ("🎉", []),
    ],
)
def test_several_skills_in_one_text_are_split(written: str, said: list[str]) -> None:
    assert [p.text for p in phrases(written)] == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("je ne fais pas de compta", "compta"),
        ("pas d'Excel", "Excel"),
        ("sauf la plomberie", "plomberie"),
        ("je n'ai jamais fait de piano", "piano"),
        ("I don't do taxes", "taxes"),
        ("I’m not good at drawing", "drawing"),
        ("no javascript", "javascript"),
        ("geen boekhouding", "boekhouding"),
        ("ik kan niet naaien", "naaien"),
        ("koken kan ik niet", "koken"),
    ],
)
def test_what_is_negated_is_not_an_offer(written: str, said: str) -> None:
    assert [(p.text, p.stance) for p in phrases(written)] == [(said, "negated")]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("je débute en couture", "couture"),
        ("débutant en Excel", "Excel"),
        ("j'apprends le néerlandais", "néerlandais"),
        ("j’aimerais apprendre l’espagnol", "espagnol"),
        ("couture (débutante)", "couture"),
        ("I'm learning guitar", "guitar"),
        ("still learning Dutch", "Dutch"),
        ("I want to learn about grants", "grants"),
        ("leer gitaar", "gitaar"),
        ("ik leer Frans", "Frans"),
        ("gitaar aan het leren", "gitaar"),
        ("ik wil graag leren koken", "koken"),
        ("ik wil koken leren", "koken"),
    ],
)
def test_what_is_being_learned_is_not_an_offer(written: str, said: str) -> None:
    assert [(p.text, p.stance) for p in phrases(written)] == [(said, "learning")]


@pytest.mark.parametrize(
    "written",
    [
        "machine learning",
        "e-learning",
        "no-code",
        "notaire",
        "leer bewerken",
        "kinderen leren lezen",
    ],
)
def test_words_that_only_look_like_learning_or_refusal_are_offers(written: str) -> None:
    assert [(p.text, p.stance) for p in phrases(written)] == [(written, "offers")]


def test_a_refusal_covers_what_it_joins_and_ends_at_but() -> None:
    said = phrases("pas de compta et pas de vélo mais couture")
    assert said[-1].text == "couture"
    assert said[-1].stance == "offers"
    assert said[0].stance == "negated"


def test_ten_thousand_characters_are_read_at_once() -> None:
    assert len(phrases("vélo et compta, " * 700)) <= 40
    assert guess_language("réparer " * 2000) == "fr"


def test_the_plain_spelling_needs_no_numpy() -> None:
    code = "import sys, matching.text; sys.exit('numpy' in sys.modules)"
    package = "import sys, types, pathlib; m = types.ModuleType('matching'); "
    package += f"m.__path__ = [{str(__file__.rsplit('/tests/', 1)[0] + '/matching')!r}]; "
    package += "sys.modules['matching'] = m; "
    assert subprocess.run([sys.executable, "-c", package + code], check=False).returncode == 0
