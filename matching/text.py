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
from dataclasses import dataclass
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
    """

    text: str
    stance: Stance = "offers"


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
    apart = unicodedata.normalize("NFKD", text.casefold().translate(_FOLDED))
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

# Words that carry grammar, in their plain spelling. A word of two languages counts for both.
_GRAMMAR: Final[dict[Language, frozenset[str]]] = {
    "en": frozenset(
        "the a an and or of to in on for with from by at is are be am i my me you your we our it "
        "its this that these can could do does don how what who when need want help looking have "
        "has not about using use into as make making work working who s some new".split()
    ),
    "fr": frozenset(
        "le la les l un une des du de d et ou a au aux en dans sur pour par avec sans est sont je "
        "j ai mon ma mes nous vous votre notre il elle on qui que qu quoi comment ne pas ce cette "
        "ces se s son sa ses leur faire fait besoin aide cherche quelqu dans chez entre vers plus "
        "faut tout tous bonnes".split()
    ),
    "nl": frozenset(
        "de het een en of van naar in op voor met uit bij door is zijn ben ik mijn me je jij uw u "
        "we wij ons onze die dat deze dit kan kunnen hoe wat wie niet geen aan om te als er tot "
        "over zich hun haar nodig hulp zoek maken doen heb hebben wil iemand onder volgens".split()
    ),
}
# Endings and letter groups, weaker than grammar: most skills are two nouns.
_SHAPES: Final[dict[Language, tuple[str, ...]]] = {
    "en": (
        r"ing$", r"tion$", r"ness$", r"ship$", r"ght", r"th", r"^wh", r"ly$", r"ment$", r"sh",
        r"ies$", r"ware$", r"ee", r"y$", r"ics$", r"^un", r"oo",
    ),
    "fr": (
        r"(?:er|ir|oir)$", r"tion(?:s)?$", r"eau(?:x)?$", r"eur(?:s)?$", r"euse(?:s)?$", r"qu",
        r"ique(?:s)?$", r"age(?:s)?$", r"ement(?:s)?$", r"ite(?:s)?$", r"elle(?:s)?$", r"aux$",
        r"oi", r"ou", r"ie(?:s)?$", r"erie$", r"ee(?:s)?$", r"ant(?:e)?(?:s)?$", r"ure(?:s)?$",
    ),
    "nl": (
        r"ij", r"aa", r"oe", r"uu", r"sch", r"(?:lijk|lijke)$", r"heid$", r"en$", r"ing(?:en)?$",
        r"ge(?:\w{4,})", r"kk", r"ui", r"^ver", r"^be", r"eu", r"atie$", r"teit$", r"ee", r"oo",
        r"tie(?:s)?$", r"kunde$", r"werk", r"^zo", r"ieke?$", r"eren$", r"je(?:s)?$", r"sj", r"^v",
    ),
}  # fmt: skip
_SHAPED: Final = {lang: re.compile("|".join(parts)) for lang, parts in _SHAPES.items()}
_FRENCH_ACCENTS: Final = frozenset("éèêàâçùûîôœ")
_FRENCH_ELISION: Final = re.compile(r"\b(?:l|d|qu|j|n|s|c)['’](?=\w)", re.IGNORECASE)


def guess_language(text: str) -> Language | None:
    """Guess whether `text` is English, French or Dutch.

    Grammar words count 2, letter groups 1, French accents and elisions 2. A tie, or nothing to
    go by ("Python", "🎉", another script), is None: the reader then tries all three.

    Examples
    --------
    >>> guess_language("réparer un vélo"), guess_language("een fiets herstellen")
    ('fr', 'nl')
    >>> guess_language("repair of the bike"), guess_language("PHP")
    ('en', None)
    """
    tokens = words(text[:LONGEST])
    counts = {lang: _language_evidence(tokens, lang) for lang in LANGUAGES}
    counts["fr"] += 2 * len(_FRENCH_ELISION.findall(text))
    counts["fr"] += 2 * any(c in _FRENCH_ACCENTS for c in text.casefold())
    best, second = sorted(counts.values(), reverse=True)[:2]
    if best == second:
        return None
    return max(LANGUAGES, key=counts.__getitem__)


def _language_evidence(tokens: tuple[str, ...], language: Language) -> int:
    grammar, shapes = _GRAMMAR[language], _SHAPED[language]
    return sum(
        2 * (t in grammar) + (len(shapes.findall(t)) if len(t) > 3 else 0) for t in tokens
    )


# --- phrases ------------------------------------------------------------------------------

# What always separates two skills. A comma inside brackets does not: it lists examples.
_SEPARATOR: Final = re.compile(
    r"\s*(?:[\n\r;•·|‣▪]|,(?!\d)|\s[/–—-]\s|\s&\s|\.\s+(?=\w))\s*"  # noqa: RUF001
)
_BRACKETED: Final = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_CONJUNCTION: Final = re.compile(
    r"\s+(?:and|et|ainsi que|as well as|but|mais|maar|plus)\s+|\s+en\s+", re.IGNORECASE
)
_BULLET: Final = re.compile(r"^(?:[-*+>]|\d+[.)])\s+")

_NEGATED: Final = re.compile(
    r"""^(?:
      (?:i\s+|we\s+)?(?:do\s*n[o']?t|don't|can\s*not|can'?t|never|wo\s*n'?t)\s+(?:do|know|speak|use|offer|want|like|help\ with)?\s*
    | (?:i\s*a?'?m\s+)?not?\s+(?:good\s+at|an?\s+|any\s+|into\s+)?
    | (?:no|without|except|anything\ but)\s+
    | (?:je|j|on|nous)?\s*n['e]\s*\w+\s+(?:pas|plus|jamais|rien)\s+(?:fait\s+|faire\s+|su\s+|appris\s+)?(?:de\s+|d'|du\s+|la\s+|le\s+|les\s+|l'|en\s+)?
    | (?:je|j|on|nous)\s+\w+\s+(?:pas|jamais)\s+(?:de\s+|d'|du\s+|la\s+|le\s+|les\s+|l'|en\s+)?
    | (?:pas|sauf|sans|jamais|aucune?)\s+(?:de\s+|d'|du\s+|la\s+|le\s+|les\s+|l')?
    | (?:ik\s+)?(?:\w+\s+)?(?:geen|niet|nooit|zonder|behalve)\s+(?:goed\s+in\s+)?
    )(?=\S)""",
    re.IGNORECASE | re.VERBOSE,
)
_NEGATED_AFTER: Final = re.compile(
    r"""^(?P<what>.+?)\s+(?:niet|nooit|(?:kan|doe|ken|spreek)\s+ik\s+niet)$""",
    re.IGNORECASE | re.VERBOSE,
)
_LEARNING: Final = re.compile(
    r"""^(?:
      (?:(?:i\s*a?'?m|i\s+am|we\s+are|we're|currently|still|just)\s+)*(?:learning|studying|discovering|getting\s+into|new\s+to|starting\s+(?:out\s+)?(?:in|with))\s+(?:about\s+|how\s+to\s+|to\s+)?
    | (?:i\s+|i'd\s+)?(?:want|would\s+like|like|hope|love|wish|trying)\s+to\s+(?:learn|discover|study|get\s+better\s+at)\s+(?:about\s+|how\s+to\s+|to\s+)?
    | (?:a\s+|an\s+)?(?:absolute\s+|complete\s+)?(?:beginner|newbie|novice|student)\s+(?:in|at|with|of)\s+
    | (?:je\s+|j')(?:débute|debute|apprends|découvre|decouvre|étudie|etudie|commence|m'initie|me\s+forme|me\s+mets)\s+(?:en\s+|à\s+|a\s+|au\s+|aux\s+|dans\s+|avec\s+|tout\s+juste\s+)*(?:l'|la\s+|le\s+|les\s+|du\s+|de\s+|d')?
    | (?:en\s+train\s+d'apprendre|(?:je\s+(?:veux|voudrais|souhaite|cherche\s+à)|j'aimerais|envie\s+d')\s*(?:apprendre|découvrir|m'initier|me\s+former))\s+(?:à\s+|au\s+|aux\s+|en\s+)*(?:l'|la\s+|le\s+|les\s+)?
    | (?:grand\s+|tout\s+)?(?:débutante?|debutante?|novice|apprentie?)\s+(?:en\s+|à\s+|au\s+|dans\s+)?(?:l'|la\s+|le\s+|les\s+)?
    | (?:ik\s+)?(?:leer|studeer|ontdek)\s+(?:nu\s+|net\s+|nog\s+|momenteel\s+)*(?:het\s+|de\s+)?(?!bewerk|looi|snij|naai|stik|kleur|bekle|ver[wf]|repar|herstel)
    | (?:ik\s+)?wil\s+(?:graag\s+)?leren\s+(?:om\s+te\s+)?
    | (?:ik\s+)?wil\s+(?:graag\s+)?(?P<wish>.+)\s+leren$
    | (?:ik\s+ben\s+)?(?:een\s+)?(?:beginner|beginneling|nieuw)\s+(?:in|met)\s+
    | (?:ik\s+ben\s+)?aan\s+het\s+leren\s+(?:om\s+(?:te\s+)?)?
    )(?=\S|$)""",
    re.IGNORECASE | re.VERBOSE,
)
_LEARNING_AFTER: Final = re.compile(
    r"""^(?:ik\s+ben\s+)?(?P<what>.+?)\s+(?:
      aan\s+het\s+leren | \((?:beginner|beginnend|débutante?|debutante?|learning|learner|en\ apprentissage)\)
    | (?:beginner|débutante?|learner)
    )$""",
    re.IGNORECASE | re.VERBOSE,
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
        for part in _parts(printable(line)):
            phrase = _with_stance(part)
            if normalised(phrase.text):
                found[phrase] = None
    return tuple(found)


def _parts(line: str) -> list[str]:
    """Split one line at what always separates, then at short conjunctions."""
    hidden = _BRACKETED.sub(lambda m: "\x00" * len(m.group()), line)
    cuts = [m.span() for m in _SEPARATOR.finditer(hidden)]
    starts = [0, *(end for _, end in cuts)]
    ends = [*(start for start, _ in cuts), len(line)]
    pieces = [_BULLET.sub("", line[a:b].strip(" .,;:")) for a, b in zip(starts, ends, strict=True)]
    return [part for piece in pieces if piece for part in _conjoined(piece)]


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
    return " " not in token and token.endswith(("er", "ir", "re", "oir", "eren", "ize", "ise"))


def _with_stance(part: str) -> Phrase:
    for pattern, stance in _STANCES:
        found = pattern.match(part)
        if not found:
            continue
        named = {k: v for k, v in found.groupdict().items() if v}
        rest = next(iter(named.values()), part[found.end() :]).strip(" .,;:")
        if normalised(rest):
            return Phrase(rest, stance)
    return Phrase(part.strip())


_STANCES: Final[tuple[tuple[re.Pattern[str], Stance], ...]] = (
    (_LEARNING, "learning"),
    (_LEARNING_AFTER, "learning"),
    (_NEGATED, "negated"),
    (_NEGATED_AFTER, "negated"),
)
