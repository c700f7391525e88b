"""The commands `suggest` and `answer`: who should meet, and who can help, over files."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from datetime import datetime
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matching import exports
from matching.errors import MatchingError
from matching.people import Id, Need, Person, Policy

if TYPE_CHECKING:
    from matching.community import Community
    from matching.finding import Helper
    from matching.rounds import Round, Suggestion
    from matching.terms import Meaning, Vocabulary


def add_commands(subparsers: Any) -> None:
    """Add `suggest` and `answer` to the parser of ``python -m matching``."""
    suggest = subparsers.add_parser(
        "suggest",
        help="suggest who should meet",
        description="Writes one line a suggestion, then a line with weight, bound and left_out.",
    )
    suggest.add_argument("--people", required=True, type=Path, metavar="P.jsonl", help=_PEOPLE)
    suggest.add_argument("--ties", type=Path, metavar="T.csv", help=_TIES)
    suggest.add_argument("--asked", type=Path, metavar="A.csv", help="a, b, at: never again")
    suggest.add_argument("--at", required=True, metavar="ISO", help="2026-05-04T09:00:00+02:00")
    suggest.add_argument("--policy", choices=[p.value for p in Policy], default="engine")
    suggest.add_argument("--seed", type=int, default=0, help="decides among equals")
    _add_meaning(suggest)
    suggest.set_defaults(run=run_suggest)

    answer = subparsers.add_parser(
        "answer",
        help="find who can help with each need",
        description='Writes {"need", "helpers": [{"id", "score", "why"}]}, one line a need.',
    )
    answer.add_argument("--helpers", required=True, type=Path, metavar="H.jsonl", help=_PEOPLE)
    answer.add_argument("--needs", required=True, type=Path, metavar="N.jsonl", help=_NEEDS)
    answer.add_argument("--top", type=int, default=10, metavar="N")
    _add_meaning(answer)
    answer.set_defaults(run=run_answer)


_PEOPLE = (
    'one {"id", "skills": [text or {"text", "concept", "level"}], "needs": [text or {…, '
    '"urgency"}], "languages", "organisation", "present", "cap", "until", "paused", "blocked"} a '
    "line; only id is needed"
)
_TIES = "columns a, b, at, kind (met or co_present) and, if you like, weight"
_NEEDS = 'one {"id", "text", "concept"} or {"id", "needs": […]} a line'


def _add_meaning(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--vocabulary", metavar="V", help="for broader concepts: starter or a file")
    parser.add_argument(
        "--words-only",
        action="store_true",
        help="compare concepts and words only: faster, and blind across languages",
    )


def run_suggest(args: argparse.Namespace) -> int:
    """Print a round; return the exit code."""
    try:
        people, present = _people(args.people)
        community = _community(args, people, present)
        found = community.suggest(
            present, exports.when(args.at), policy=args.policy, random_state=args.seed
        )
    except (ValueError, OSError) as error:
        return _refused("suggest", error)
    _print_round(found)
    return 0


def _people(path: Path) -> tuple[list[Person], list[Id]]:
    with path.open(encoding="utf-8", errors="replace") as lines:
        return exports.people(lines, str(path))


def _community(args: argparse.Namespace, people: list[Person], present: list[Id]) -> Community:
    from matching.community import Community  # noqa: PLC0415  numpy: only when a command runs

    ids = [person.id for person in people]
    ties, asked = [], []
    if args.ties:
        with args.ties.open(encoding="utf-8", errors="replace", newline="") as lines:
            ties = exports.ties(lines, str(args.ties), ids)
    if args.asked:
        with args.asked.open(encoding="utf-8", errors="replace", newline="") as lines:
            asked = exports.asked(lines, str(args.asked), ids)
    vocabulary, meaning = _understanding(args, people, ())
    return Community(people, ties, asked, vocabulary=vocabulary, meaning=meaning)


def _understanding(
    args: argparse.Namespace, people: Iterable[Person], needs: Iterable[Need]
) -> tuple[Vocabulary | None, Meaning | None]:
    """Return the vocabulary asked for, and an encoder where texts come without concepts."""
    vocabulary: Vocabulary | None = None
    meaning: Meaning | None = None
    if args.vocabulary:
        from matching.vocabulary import Vocabulary as File  # noqa: PLC0415  only when asked for

        vocabulary = File.load(args.vocabulary)
    said = (thing for person in people for thing in (*person.skills, *person.needs))
    free = any(isinstance(s, str) or s.concept is None for s in (*said, *needs))
    if free and not args.words_only:
        from matching.meaning import EncoderMeaning  # noqa: PLC0415  33 MB: only when needed

        meaning = EncoderMeaning()
    return vocabulary, meaning


def _print_round(found: Round) -> None:
    for suggestion in found.suggestions:
        print(json.dumps(_suggestion(suggestion), default=_plain))
    left = [{"id": id, "why": why} for id, why in found.left_out]
    print(json.dumps({"weight": found.weight, "bound": found.bound, "left_out": left}))


def _suggestion(suggestion: Suggestion) -> dict[str, Any]:
    return {
        "members": list(suggestion.members),
        "score": round(suggestion.score, 6),
        "serves": {str(id): round(share, 6) for id, share in suggestion.serves.items()},
        "reasons": [{"code": r.code, **r.facts} for r in suggestion.reasons],
    }


def _plain(value: object) -> Any:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def run_answer(args: argparse.Namespace) -> int:
    """Print the helpers of every need; return the exit code."""
    try:
        if args.top < 1:
            raise MatchingError("--top must be 1 or more")
        _answer(args)
    except (ValueError, OSError) as error:
        return _refused("answer", error)
    return 0


def _answer(args: argparse.Namespace) -> None:
    from matching.community import Community  # noqa: PLC0415  numpy: only when a command runs

    people, present = _people(args.helpers)
    with args.needs.open(encoding="utf-8", errors="replace") as lines:
        asked = list(_needs(lines, str(args.needs)))
    every = [need for _, needs in asked for need in needs]
    vocabulary, meaning = _understanding(args, people, every)
    community = Community(people, vocabulary=vocabulary, meaning=meaning)
    answers = iter(community.helpers_for(every, present, top=args.top))
    for id, needs in asked:
        named = _in_turn([next(answers) for _ in needs])[: args.top]
        rows = [helper._asdict() | {"score": round(helper.score, 6)} for helper in named]
        print(json.dumps({"need": id, "helpers": rows}))


def _in_turn(answers: list[list[Helper]]) -> list[Helper]:
    """Return the helpers of several needs of one person: the first of each, then the second."""
    named: dict[Id, Helper] = {}
    for place in zip_longest(*answers):
        for helper in filter(None, place):
            named.setdefault(helper.id, helper)
    return list(named.values())


def _needs(lines: Iterable[str], file: str) -> Iterable[tuple[Any, list[Need]]]:
    """Yield (id, needs): one need a line, or a person with several."""
    for number, row in exports.objects(lines, file):
        said = row.get("needs")
        if said is None:
            said = [row if "text" in row else row.get("need")]
        try:
            yield row.get("id", number), [exports.need(value) for value in said]
        except (TypeError, KeyError, AttributeError):
            what = 'a "text" or "needs" is needed'
            raise exports.MalformedLineError(file, number, what) from None


def _refused(command: str, error: Exception) -> int:
    sys.stdout.flush()
    print(f"{command}: {error}", file=sys.stderr)
    return 2
