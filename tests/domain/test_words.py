"""What people type in one line."""

import pytest

from serendipity import words


@pytest.mark.parametrize(
    ("given", "kept"),
    [("  Soudure   à l'arc ", "Soudure à l'arc"), ("", ""), ("a\n b\t", "a b"), ("🎉", "🎉")],
)
def test_words_are_kept_as_typed_with_single_spaces(given: str, kept: str) -> None:
    assert words.line(given, field="need") == kept


def test_a_line_ends_at_240_characters() -> None:
    assert len(words.line("é" * 240, field="need")) == 240
    with pytest.raises(words.WordsTooLong) as refused:
        words.line("é" * 241, field="need")
    assert refused.value.facts == {"field": "need", "most": 240, "length": 241}


@pytest.mark.parametrize("given", ["a\0b", "a\ud800b", "\udfff"])
def test_what_no_screen_can_show_is_refused(given: str) -> None:
    with pytest.raises(words.WordsUnreadable):
        words.line(given, field="need")


def test_spaces_say_nothing() -> None:
    with pytest.raises(words.WordsMissing):
        words.said(" \n ", field="name")
