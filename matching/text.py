"""Text: what members type, before anything is understood.

Three rules are kept here. A text has one plain spelling, `normalised`, and every exact
lookup (labels, alternatives, aliases) goes through it, in this library and in the service.
A language is guessed only when the words say so; a tie is `None`. One line may hold several
skills, and some of them are not offers: `phrases` splits them and says the stance of each.

The web process imports this module, so it needs the standard library only.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final, Literal

Language = Literal["en", "fr", "nl"]
Stance = Literal["offers", "negated", "learning"]

LANGUAGES: Final[tuple[Language, ...]] = ("en", "fr", "nl")

# A skill or a need is a few words. Anything longer is a story; its start says what it is about.
LONGEST: Final = 2000

# Letters that Unicode does not take apart, although people type them as two letters or one.
_FOLDED: Final = str.maketrans(
    {"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ı": "i", "’": "'", "ĳ": "ij"}
)


@dataclass(frozen=True, slots=True)
class Phrase:
    """One skill as it was written, and whether it is offered.

    Attributes
    ----------
    text : str
        The words about the skill itself: "je débute en couture" gives "couture".
    stance : {"offers", "negated", "learning"}
    joined : bool
        It was one side of "and": perhaps half of one skill rather than a skill.
    """

    text: str
    stance: Stance = "offers"
    joined: bool = field(default=False, repr=False, compare=False)


def printable(text: str) -> str:
    """Return `text` without NUL, controls and lone surrogates, one space between words.

    Nothing else changes, so it can be shown to the member who wrote it.

    Examples
    --------
    >>> printable("caf\\u00e9\\x00  \\ud800 noir")
    'café noir'
    """
    kept = (c if c in "\n\t\r" or unicodedata.category(c)[0] != "C" else " " for c in text)
    return " ".join("".join(kept).split())


def folded(text: str) -> str:
    """Return `text` in lower case without accents; punctuation stays.

    Examples
    --------
    >>> folded("Œuvre à l’été")
    "oeuvre a l'ete"
    """
    # Taken apart before lower case as well as after: a letter in a circle hides a capital.
    apart = unicodedata.normalize("NFKD", text).casefold().translate(_FOLDED)
    apart = unicodedata.normalize("NFKD", apart)
    return "".join(c for c in apart if not unicodedata.combining(c))


def normalised(text: str) -> str:
    """Return the one plain spelling of `text`, for exact lookup.

    Case, accents, punctuation, controls and extra spaces go. A plus or a sharp that follows a
    letter stays, otherwise C, C++ and C# would be one skill.

    Parameters
    ----------
    text : str
        Anything; a text of symbols only gives an empty string.

    Returns
    -------
    str
        Idempotent: ``normalised(normalised(t)) == normalised(t)``.

    Examples
    --------
    >>> normalised("  Comptabilité, (générale) ")
    'comptabilite generale'
    >>> normalised("C++ / C#"), normalised("🎉")
    ('c++ c#', '')
    """
    kept: list[str] = []
    for c in folded(text):
        after_word = bool(kept) and kept[-1] != " "
        kept.append(c if c.isalnum() or (c in "+#" and after_word) else " ")
    return " ".join("".join(kept).split())


def words(text: str) -> tuple[str, ...]:
    """Return the words of the plain spelling of `text`.

    Examples
    --------
    >>> words("l'été à Bruxelles")
    ('l', 'ete', 'a', 'bruxelles')
    """
    return tuple(normalised(text).split())


# --- language -----------------------------------------------------------------------------

_LETTERS: Final = Path(__file__).parent / "letters.tsv"
# A guess is made when it is this much surer than the next one, in the table's hundredths: odds of
# about two to one.
_MARGIN: Final = 70


def guess_language(text: str) -> Language | None:
    """Guess whether `text` is English, French or Dutch.

    Each group of two to four letters votes with a weight that was learned from labels of the
    three languages (``letters.tsv``). Too close, or nothing to go by ("PHP", "🎉", another
    script), is None: the reader then tries all three.

    Examples
    --------
    >>> guess_language("réparer un vélo"), guess_language("een fiets herstellen")
    ('fr', 'nl')
    >>> guess_language("repair of the bike"), guess_language("PHP"), guess_language("")
    ('en', None, None)
    """
    votes = dict.fromkeys(LANGUAGES, 0)
    for group in letter_groups(text[:LONGEST]):
        for language, weight in zip(LANGUAGES, _letters().get(group, ()), strict=False):
            votes[language] += weight
    first, second, _ = sorted(LANGUAGES, key=lambda language: -votes[language])
    return first if votes[first] - votes[second] > _MARGIN else None


def letter_groups(text: str) -> list[str]:
    """Return the groups of two to four letters of each word of `text`, each once.

    Accents stay: they tell French from the others. A space stands for the edge of a word.

    Examples
    --------
    >>> letter_groups("Été")
    [' é', 'ét', 'té', 'é ', ' ét', 'été', 'té ', ' été', 'été ']
    """
    found: dict[str, None] = {}
    for word in _WORD.findall(unicodedata.normalize("NFC", text).casefold()):
        edged = f" {word} "
        for size in (2, 3, 4):
            found |= dict.fromkeys(edged[i : i + size] for i in range(len(edged) - size + 1))
    return list(found)


# A lone letter is a word of French when it carries an apostrophe or an accent, else a symbol: 3D.
_WORD: Final = re.compile(r"[^\W\d_]{2,}|[^\W\d_]['’]|à")


@cache
def _letters() -> dict[str, tuple[int, ...]]:
    lines = _LETTERS.read_text(encoding="utf-8").splitlines()[1:]
    rows = (line.split("\t") for line in lines)
    return {group.replace("_", " "): tuple(map(int, weights)) for group, *weights in rows}


# --- phrases ------------------------------------------------------------------------------

# What always separates two skills. A comma inside brackets does not: it lists examples.
_SEPARATOR: Final = re.compile(
    r"\s*(?:[\n\r;•·|‣▪]|,(?!\d)|\s[/–—-]\s|\s&\s|\.\s+(?=\w)|\s+(?:but|mais|maar)\s)\s*"
)
_BRACKETED: Final = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_CONJUNCTION: Final = re.compile(
    r"\s+(?:and|et|ainsi que|as well as|plus)\s+|\s+en\s+", re.IGNORECASE
)
_BULLET: Final = re.compile(r"^(?:[-*+>]|\d+[.)])\s+")

# The small words between "not" or "learning" and the skill itself.
_ARTICLE: Final = r"(?:(?:de|du|la|le|les|en|het)\s+|[dl]['’]\s*)*"
_ABOUT: Final = r"(?:(?:about|how\s+to|to)\s+)?"


def _opening(*forms: str) -> re.Pattern[str]:
    """Compile what a phrase may open with, when a word follows."""
    spelled = "|".join(form.replace(" ", r"\s+") for form in forms)
    return re.compile(rf"^(?:{spelled})(?=\S)", re.IGNORECASE)


_NEGATED: Final = _opening(
    # English: I don't do, I can't, no, not good at, without
    r"(?:i |we )?(?:do\s*n[o'’]?t|can\s*not|can['’]?t|never|wo\s*n['’]?t) "
    r"(?:(?:do|know|speak|use|offer|want|like|help with) )?",
    r"(?:i\s*a?['’]?m )?not (?:good at |an? |any |into )?",
    r"(?:no|without|except|anything but) ",
    # French: je ne fais pas de, je fais pas de, pas de, sauf
    rf"(?:je |j['’]|on |nous )?n(?:e |['’])\w+ (?:pas|plus|jamais|rien) "
    rf"(?:(?:fait|faire|su|appris) )?{_ARTICLE}",
    rf"(?:je |j['’]|on |nous )\w+ (?:pas|jamais) {_ARTICLE}",
    rf"(?:pas|sauf|sans|jamais|aucune?) {_ARTICLE}",
    # Dutch: ik kan niet, geen, niet goed in
    r"(?:ik )?(?:\w+ )?(?:geen|niet|nooit|zonder|behalve) (?:goed in )?",
)
_NEGATED_AFTER: Final = re.compile(
    r"^(?P<what>.+?)\s+(?:niet|nooit|(?:kan|doe|ken|spreek)\s+ik\s+niet)$", re.IGNORECASE
)
_FRENCH_TO: Final = rf"(?:(?:à|a|au|aux|dans|avec|tout juste) )*{_ARTICLE}"
# "leer" is also leather: what is cut, sewn or tanned is not being learned.
_NOT_LEATHER: Final = r"(?!bewerk|looi|snij|naai|stik|kleur|bekle|ver[wf]|repar|herstel)"
_LEARNING: Final = _opening(
    # English: I'm learning, I want to learn, beginner in
    r"(?:(?:i\s*a?['’]?m|i am|we are|we['’]re|currently|still|just) )*"
    r"(?:learning|studying|discovering|getting into|new to|starting (?:out )?(?:in|with)) "
    + _ABOUT,
    r"(?:i |i['’]d )?(?:want|would like|like|hope|love|wish|trying) to "
    r"(?:learn|discover|study|get better at) " + _ABOUT,
    r"(?:an? )?(?:absolute |complete )?(?:beginner|newbie|novice|student) (?:in|at|with|of) ",
    # French: je débute en, j'apprends le, j'aimerais apprendre, débutante en
    r"(?:je |j['’])(?:débute|debute|apprends|découvre|decouvre|étudie|etudie|commence|m['’]initie"
    rf"|me forme|me mets) (?:en )?{_FRENCH_TO}",
    r"(?:en train d['’]apprendre|(?:je (?:veux|voudrais|souhaite|cherche à)|j['’]aimerais"
    r"|envie d['’])\s*(?:apprendre|découvrir|decouvrir|m['’]initier|me former)) (?:en )?"
    + _FRENCH_TO,
    r"(?:grand |tout )?(?:débutante?|debutante?|novice|apprentie?) (?:en )?" + _FRENCH_TO,
    # Dutch: ik leer, ik wil graag leren, beginner in, ik ben aan het leren
    r"ik (?:leer|studeer|ontdek) (?:(?:nu|net|nog|momenteel) )*(?:het |de )?",
    r"(?:leer|studeer|ontdek) (?:het |de )?" + _NOT_LEATHER,
    r"(?:ik )?wil (?:graag )?leren (?:om te )?",
    r"(?:ik ben )?(?:een )?(?:beginner|beginneling|nieuw) (?:in|met) ",
    r"(?:ik ben )?aan het leren (?:om )?(?:te )?",
)
_LEARNING_AFTER: Final = re.compile(
    r"^(?:ik\s+ben\s+|(?P<wish>(?:ik\s+)?wil\s+(?:graag\s+)?))?(?P<what>.+?)\s+"
    r"(?:(?(wish)(?:aan\s+het\s+)?|aan\s+het\s+)leren|beginner|débutante?|debutante?|learner"
    r"|\((?:beginner|beginnend|débutante?|debutante?|learner|learning|en\s+apprentissage)\))$",
    re.IGNORECASE,
)


def phrases(text: str) -> tuple[Phrase, ...]:
    """Split `text` into skills and say whether each is offered.

    Commas, semicolons, bullets, new lines and spaced dashes always split, except inside
    brackets. "and", "et", "en" split only between two short parts that do not share a verb:
    "compta et vélo" are two skills, "installer et raccorder une prise" is one.

    Parameters
    ----------
    text : str
        At most `LONGEST` characters are read.

    Returns
    -------
    tuple of Phrase
        In order of writing, without repeats; empty when there is nothing to read.

    Examples
    --------
    >>> [p.text for p in phrases("compta et vélo, jardinage")]
    ['compta', 'vélo', 'jardinage']
    >>> phrases("je débute en couture")
    (Phrase(text='couture', stance='learning'),)
    >>> phrases("geen boekhouding")
    (Phrase(text='boekhouding', stance='negated'),)
    """
    found: dict[Phrase, None] = {}
    for line in text[:LONGEST].splitlines():
        for piece in _pieces(printable(line)):
            said, stance = _taken_apart(piece)
            parts = [part for part in _conjoined(said) if normalised(part)]
            found |= {Phrase(part, stance, len(parts) > 1): None for part in parts}
    return tuple(found)


def _pieces(line: str) -> list[str]:
    """Split one line at what always separates."""
    hidden = _BRACKETED.sub(lambda m: "\x00" * len(m.group()), line)
    cuts = [m.span() for m in _SEPARATOR.finditer(hidden)]
    starts = [0, *(end for _, end in cuts)]
    ends = [*(start for start, _ in cuts), len(line)]
    pieces = [_BULLET.sub("", line[a:b].strip(" .,;:")) for a, b in zip(starts, ends, strict=True)]
    return [piece for piece in pieces if piece]


def _conjoined(piece: str) -> list[str]:
    parts = _CONJUNCTION.split(piece)
    if len(parts) == 1 or any(len(part.split()) > 3 for part in parts):
        return [piece]
    if re.search(r"\sen\s", piece, re.IGNORECASE) and guess_language(piece) != "nl":
        return [piece]  # French "en" is a preposition: "aide en compta" is one skill
    if any(_shares_its_object(part) for part in parts[:-1]):
        return [piece]
    return parts


def _shares_its_object(part: str) -> bool:
    """Say whether `part` is a verb that waits for the object after the conjunction."""
    token = folded(part.strip())
    return " " not in token and token.endswith(("er", "ir", "dre", "aire", "eren", "ize"))


def _taken_apart(piece: str) -> tuple[str, Stance]:
    """Return the skill itself and its stance."""
    for pattern, stance in _STANCES:
        if found := pattern.match(piece):
            said = (found.groupdict().get("what") or piece[found.end() :]).strip(" .,;:")
            if normalised(said):
                return said, stance
    return piece, "offers"


_STANCES: Final[tuple[tuple[re.Pattern[str], Stance], ...]] = (
    (_LEARNING, "learning"),
    (_LEARNING_AFTER, "learning"),
    (_NEGATED, "negated"),
    (_NEGATED_AFTER, "negated"),
)
