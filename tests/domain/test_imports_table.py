"""A table from a file: read a line at a time, refused whole with a line and a reason."""

from pathlib import Path

import pytest

from serendipity.imports import table
from serendipity.imports.table import UnreadableTable


def written(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    return path


def test_cells_are_trimmed_and_rows_know_their_line(tmp_path: Path) -> None:
    path = written(tmp_path, b'name,note\n Awa ,"two\nlines"\n\nBo,\n')
    found = list(table.rows(path, needed=["name"]))
    assert [(row.line, row["name"], row["note"]) for row in found] == [
        (2, "Awa", "two\nlines"),
        (5, "Bo", ""),
    ]


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    path = written(tmp_path, "\ufeffname,email\nInès,i@example.org\n".encode())
    assert next(table.rows(path, needed=["name", "email"]))["name"] == "Inès"


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (b"name;email\nAwa;a@example.org\n", 1, "separated by semicolons"),
        (b"name\temail\nAwa\ta@example.org\n", 1, "separated by tabs"),
        (b"nom,courriel\nAwa,a@example.org\n", 1, "no column name"),
        (b"name,name\nAwa,Bo\n", 1, "there twice"),
        ("name,email\nAwa,a\nIn\xe8s,i".encode("latin-1"), 3, "0xe8 is not UTF-8"),
        ("name,email\nAwa,a".encode("utf-16"), None, "UTF-16"),
        (b"name,email\nAwa,a\0b\n", 2, "NUL"),
        (b'name,email\nAwa,"a@example.org\nBo,b@example.org\n', 2, "never closed"),
        (b"name,email\n" + b"x" * 200_000, 2, "is this a CSV file"),
        (b"", None, "empty"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused_with_line_and_reason(
    tmp_path: Path, content: bytes, line: int | None, words: str
) -> None:
    path = written(tmp_path, content)
    with pytest.raises(UnreadableTable) as refusal:
        list(table.rows(path, needed=["name", "email"]))
    assert refusal.value.facts.get("line") == line
    assert words in str(refusal.value)
    assert str(refusal.value).endswith("nothing was imported")
    assert "\n" not in str(refusal.value)


def test_a_file_of_100_mb_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.csv"
    with path.open("wb") as file:
        file.truncate(100_000_000)
    with pytest.raises(UnreadableTable, match="100 MB; at most 50 MB"):
        list(table.rows(path, needed=["name"]))


def test_a_missing_file_and_a_folder_are_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(UnreadableTable, match="no such file"):
        table.columns(tmp_path / "nowhere.csv")
    with pytest.raises(UnreadableTable, match="is a directory"):
        table.columns(tmp_path)


@pytest.mark.parametrize(
    ("cells", "odd"),
    [(b"Awa", "1 cells where"), (b"Awa,b,c", "3 cells where"), (b"A\x1b[2J,b", "control")],
)
def test_a_row_that_cannot_be_right_is_odd_and_the_next_is_not(
    tmp_path: Path, cells: bytes, odd: str
) -> None:
    path = written(tmp_path, b"name,email\n" + cells + b"\nBo,b@example.org\n")
    first, second = table.rows(path, needed=["name"])
    assert odd in first.odd
    assert (second.line, second.odd, second["name"]) == (3, "", "Bo")
