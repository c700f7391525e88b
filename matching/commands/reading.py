"""The commands `read` and `vocabulary`: free text in, concepts out; a vocabulary made once.

One JSON object a line on standard input and output. A line that cannot be read stops the command
with its number on standard error and exit code 2; what was answered before it stands.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from matching.errors import MatchingError
from matching.text import LANGUAGES
from matching.vocabulary import Vocabulary

if TYPE_CHECKING:
    from matching.reading import Heard, Reader

_BATCH: Final = 256


class MalformedInputError(MatchingError):
    """A line of an input cannot be used.

    Attributes
    ----------
    place : str
        Name of the input.
    line : int
        Counted from 1.
    reason : str
    """

    def __init__(self, place: str, line: int, reason: str) -> None:
        super().__init__(f"{place}, line {line}: {reason}")
        self.place, self.line, self.reason = place, line, reason


def add_commands(subparsers: Any) -> None:
    """Add `read` and `vocabulary` to the parser of ``python -m matching``."""
    read = subparsers.add_parser(
        "read",
        help="find the skills that free text names",
        description='Reads {"id", "text", "lang"} lines, writes {"id", "concepts": [{"id", '
        '"label", "p"}]} lines. "lang" may be absent: it is then guessed.',
    )
    read.add_argument("--vocabulary", default="starter", metavar="V", help=_VOCABULARY_HELP)
    read.add_argument("--aliases", metavar="A.csv", type=Path, help="confirmed: text,concept")
    read.add_argument("--lang", metavar="CODE", help="language of lines that do not say (en fr nl)")
    read.add_argument("--top", type=_positive, default=10, metavar="N")
    read.add_argument(
        "--needs", action="store_true", help='the texts are needs: "learning X" then names X'
    )
    read.set_defaults(run=run_read)
    make = subparsers.add_parser(
        "vocabulary",
        help="make a vocabulary file that loads at once",
        description="Places every label of a vocabulary and writes one file for --vocabulary.",
    )
    make.add_argument(
        "source",
        nargs="+",
        metavar="FILE",
        help="starter, a parquet with columns id, en, fr[, nl, fr_alt, en_text], or the folder or "
        "the files of ESCO's official CSV download (skills_en.csv, skills_fr.csv, skills_nl.csv, "
        "broaderRelationsSkillPillar_en.csv)",
    )
    make.add_argument("--output", "-o", type=Path, default=Path("vocabulary.npz"), metavar="FILE")
    make.set_defaults(run=run_vocabulary)


_VOCABULARY_HELP: Final = (
    "starter (default), a file that the command `vocabulary` made, a folder with ESCO's CSV, or a "
    "parquet with columns id, en, fr[, nl, fr_alt, en_text]"
)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


# --- read ---------------------------------------------------------------------------------


def run_read(args: argparse.Namespace) -> int:
    """Answer each line of standard input; return the exit code."""
    try:
        reader = _reader(args)
        for batch in _batches(_lines(sys.stdin.buffer, "standard input"), _BATCH):
            _answer(reader, batch, args)
    except (ValueError, OSError) as error:
        sys.stdout.flush()
        print(f"read: {error}", file=sys.stderr)
        return 2
    return 0


def _reader(args: argparse.Namespace) -> Reader:
    # numpy and the encoder: only when this command runs
    from matching.reading import Reader  # noqa: PLC0415

    aliases = list(_aliases(args.aliases)) if args.aliases else []
    return Reader(Vocabulary.load(args.vocabulary), aliases, progress=_progress)


def _answer(reader: Reader, batch: list[dict[str, Any]], args: argparse.Namespace) -> None:
    items = [(str(row["text"]), row.get("lang") or args.lang) for row in batch]
    for row, found in zip(batch, reader.read_many(items, args.top, wanted=args.needs), strict=True):
        answer = {"id": row.get("id"), "concepts": [_concept(h) for h in found]}
        print(json.dumps(answer))
    sys.stdout.flush()


def _concept(heard: Heard) -> dict[str, Any]:
    return {"id": heard.concept_id, "label": heard.label, "p": round(heard.p, 4)}


def _lines(stream: Iterable[bytes], place: str) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(stream, start=1):
        if line.strip():
            yield _row(line, place, number)


def _row(line: bytes, place: str, number: int) -> dict[str, Any]:
    try:
        row = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise MalformedInputError(place, number, f"not JSON in UTF-8 ({error})") from error
    if not isinstance(row, dict) or not isinstance(row.get("text"), str):
        raise MalformedInputError(place, number, 'an object with a "text" is needed')
    if not isinstance(row.get("lang"), str | None):
        raise MalformedInputError(place, number, '"lang" is a language code')
    return row


def _batches(rows: Iterator[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    """Gather rows; those before a malformed line are answered before it is reported."""
    batch: list[dict[str, Any]] = []
    try:
        for row in rows:
            batch.append(row)
            if len(batch) == size:
                yield batch
                batch = []
    except MalformedInputError:
        yield batch
        raise
    yield batch


def _aliases(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (text, concept) of a CSV with a header that names both columns."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if not {"text", "concept"} <= set(reader.fieldnames or ()):
            raise MalformedInputError(str(path), 1, "the columns text and concept are needed")
        for row in reader:
            if row["text"] and row["concept"]:
                yield row["text"], row["concept"]


def _progress(done: int, total: int) -> None:
    end = "\n" if done == total else ""
    print(f"\rplacing the vocabulary: {done} of {total}", end=end, file=sys.stderr, flush=True)


# --- vocabulary ---------------------------------------------------------------------------


def run_vocabulary(args: argparse.Namespace) -> int:
    """Write the vocabulary file; return the exit code."""
    try:
        vocabulary = _from_sources(args.source)
        vocabulary.save(args.output, _progress)
    except (ValueError, OSError) as error:
        print(f"vocabulary: {error}", file=sys.stderr)
        return 2
    spoken = [lang for lang in LANGUAGES if any(lang in c.labels for c in vocabulary)]
    print(f"{args.output}: {len(vocabulary)} skills in {', '.join(spoken)}")
    return 0


def _from_sources(places: list[str]) -> Vocabulary:
    if len(places) == 1 and not places[0].casefold().endswith(".csv"):
        return Vocabulary.load(places[0])
    return Vocabulary.from_esco_csv([Path(p) for p in places])
