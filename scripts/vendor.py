"""What we did not write: where it comes from, at which version, and how it is cut down.

Run by scripts/vendor. Each package comes from npm and is checked against the integrity below before
anything is read from it. Rules kept: versions are pinned, licences travel along, and
static/vendor/README.md lists every file with its sha256 (tests/web/test_static.py checks them).
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.ttLib.scaleUpem import scale_upem
from fontTools.varLib import instancer

STATIC = Path(__file__).resolve().parent.parent / "static"
VENDOR = STATIC / "vendor"


@dataclass(frozen=True)
class Package:
    """A package on npm, pinned to its bytes."""

    name: str
    version: str
    licence: str
    integrity: str

    def archive(self, folder: Path) -> tarfile.TarFile:
        """The package itself, refused when its bytes are not the ones we looked at."""
        packed = subprocess.run(
            ["npm", "pack", "--silent", f"{self.name}@{self.version}"],
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
        )
        path = folder / packed.stdout.split()[-1]
        algorithm, expected = self.integrity.split("-", 1)
        found = base64.b64encode(hashlib.new(algorithm, path.read_bytes()).digest()).decode()
        if found != expected:
            raise SystemExit(f"{self.name}@{self.version}: the package is not the one we pinned")
        return tarfile.open(path)


HTMX = Package(
    "htmx.org",
    "2.0.11",
    "0BSD",
    "sha512-Thx/WtpeOQqSrqBCw/A1cwGJGg4UrVa3+sW0GmrM3p4gJgO89ecH4qtbnyzDDWFvBTqjnIMCgELTNt636dtamA==",
)
LUCIDE = Package(
    "lucide-static",
    "1.62.0",
    "ISC",
    "sha512-WBZA/m2PvkFpMGHDtsBck5P2A9G4ehLlYu4GwwICcmEm1BvYVgj00lCDxKRWLlbMlOibLaiwdQ88G5pHkSWgwA==",
)
BRICOLAGE = Package(
    "@fontsource-variable/bricolage-grotesque",
    "5.3.0",
    "OFL-1.1",
    "sha512-TLi9Q4hJjS2UvoTMRSS2nHu6c4R56lAw60NR9QYtVRCHn0XtsFpiEhNffZ8Glsoxu6wEEwLKBP8lb94J52PNBA==",
)
COMMISSIONER = Package(
    "@fontsource-variable/commissioner",
    "5.3.0",
    "OFL-1.1",
    "sha512-0IEvi8SO1slc5Pc9tA4OtA01I8UiCcEq/uh12oNjfHuABU9Lnz61l2V8o2cMPUUo3BAo5MbISVK2I/DSpBRw7Q==",
)

# The icons that templates use, one a line; tests/web/test_static.py compares both ways.
ICONS = (Path(__file__).parent / "icons.txt").read_text("utf-8").split()


def code_points(ranges: str) -> set[int]:
    """'41-43,20AC' → {0x41, 0x42, 0x43, 0x20AC}."""
    points: set[int] = set()
    for part in ranges.replace("\n", "").replace(" ", "").split(","):
        first, _, last = part.partition("-")
        points |= set(range(int(first, 16), int(last or first, 16) + 1))
    return points


# English, French, Dutch and neighbours: ASCII, the letters of Latin-1, Œœ, typographer's marks.
LETTERS = code_points(
    "20-7E,A0,A1,A3,A7,A9,AB,B0,B2,B7,BB,BF-D6,D8-F6,F8-FF,131,152-153,2009,2013-2014,2018-2019,"
    "201C-201E,2022,2026,202F,20AC,2212"
)
# Headings carry no code, arithmetic or currencies other than the euro.
HEADING_LETTERS = LETTERS - code_points(
    "22,23,2A,3C-3E,40,5B-60,7B-7E,A1,A3,A7,A9,B0,B2,BF,201E,2022,2212"
)
# Letters of names from Warsaw, Prague, Budapest, Bucharest, Istanbul: a second file, fetched by a
# browser only when a page shows one of them (unicode-range in style.css).
NAME_LETTERS = {ord(c) for c in "ĄąĆćĘęŁłŃńŚśŹźŻżČčĎďĚěŇňŘřŠšŤťŮůŽžŐőŰűĂăȘșȚțĞğİŞşŸ"}


@dataclass(frozen=True)
class Face:
    """One font file: its source, and what is kept of it."""

    package: Package
    source: str
    letters: frozenset[int]
    axes: dict[str, float | tuple[float, float, float]]
    least_kern: int  # pairs moved by less, in thousandths of an em, are dropped: nobody sees them


BOLD = {"wght": 700}
READING = {"wght": (400, 400, 700), "FLAR": 50}
FACES = {
    "bricolage-grotesque.woff2": Face(
        BRICOLAGE,
        "files/bricolage-grotesque-latin-wght-normal.woff2",
        frozenset(HEADING_LETTERS),
        BOLD,
        20,
    ),
    "bricolage-grotesque-names.woff2": Face(
        BRICOLAGE,
        "files/bricolage-grotesque-latin-ext-wght-normal.woff2",
        frozenset(NAME_LETTERS),
        BOLD,
        20,
    ),
    "commissioner.woff2": Face(
        COMMISSIONER,
        "files/commissioner-latin-flar-normal.woff2",
        frozenset(LETTERS),
        READING,
        10,
    ),
    "commissioner-names.woff2": Face(
        COMMISSIONER,
        "files/commissioner-latin-ext-flar-normal.woff2",
        frozenset(NAME_LETTERS),
        READING,
        10,
    ),
}


def trim_kerning(font: TTFont, least: int) -> None:
    """Keep one set of kerning for all weights, without the pairs too small to be seen."""
    for lookup in font["GPOS"].table.LookupList.Lookup:
        for given in lookup.SubTable:
            table = given.ExtSubTable if given.LookupType == 9 else given
            if table.LookupType != 2:
                continue
            table.ValueFormat1 = 4  # XAdvance alone: no table of variations per pair
            for value in pair_values(table):
                if abs(getattr(value, "XAdvance", 0)) < least:
                    value.XAdvance = 0
                if hasattr(value, "XAdvDevice"):
                    del value.XAdvDevice
            if table.Format == 1:
                drop_empty_pairs(table)


def pair_values(table: Any) -> list[Any]:
    """Every value of a pair adjustment, whether by glyph (format 1) or by class (format 2)."""
    if table.Format == 1:
        records = [r for pairs in table.PairSet for r in pairs.PairValueRecord]
    else:
        records = [r for row in table.Class1Record for r in row.Class2Record]
    return [record.Value1 for record in records if record.Value1 is not None]


def drop_empty_pairs(table: Any) -> None:
    """Glyph pairs that move nothing need no record."""
    kept = []
    for glyph, pairs in zip(table.Coverage.glyphs, table.PairSet, strict=True):
        pairs.PairValueRecord = [r for r in pairs.PairValueRecord if r.Value1.XAdvance]
        pairs.PairValueCount = len(pairs.PairValueRecord)
        if pairs.PairValueRecord:
            kept.append((glyph, pairs))
    table.Coverage.glyphs = [glyph for glyph, _ in kept]
    table.PairSet = [pairs for _, pairs in kept]
    table.PairSetCount = len(kept)


def cut(face: Face, source: bytes) -> bytes:
    """The face as shipped: the axes we use, 1000 units per em, the letters we use, WOFF2."""
    font = TTFont(io.BytesIO(source), recalcTimestamp=False)
    font = instancer.instantiateVariableFont(font, face.axes, inplace=True)
    if font["head"].unitsPerEm != 1000:
        scale_upem(font, 1000)
    for table in font["cmap"].tables:
        # French typography's narrow space, which neither font has, is as wide as the thin space.
        if 0x2009 in table.cmap:
            table.cmap[0x202F] = table.cmap[0x2009]
    trim_kerning(font, face.least_kern)
    options = subset.Options()
    options.layout_features = ["kern", "tnum", "locl"]
    options.hinting = False
    options.ignore_missing_unicodes = False  # a letter we promise and the font lacks is an error
    options.name_IDs = [0, 1, 2, 4, 6, 13, 14]
    options.drop_tables += ["MVAR", "STAT", "gasp"]
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=face.letters)
    cutter.subset(font)
    font.flavor = "woff2"
    made = io.BytesIO()
    font.save(made)
    return made.getvalue()


# Advance widths of Arial (and of Liberation Sans, its metric twin), in 2048ths of an em, for a to z
# and the space. Widths of a stand-in face must be known to scale it; these are facts, not a font.
ARIAL = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyz ",
        [1139, 1139, 1024, 1139, 1139, 569, 1139, 1139, 455, 455, 1024, 455, 1706, 1139, 1139]
        + [1139, 1139, 682, 1024, 569, 1139, 1024, 1479, 1024, 1024, 1024, 569],
        strict=True,
    )
)
ARIAL_BOLD = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyz ",
        [1139, 1251, 1139, 1251, 1139, 682, 1251, 1251, 569, 569, 1139, 569, 1821, 1251, 1251]
        + [1251, 1251, 797, 1139, 682, 1251, 1139, 1593, 1139, 1139, 1024, 569],
        strict=True,
    )
)
SAMPLE = (
    "somebody here has sold to schools for six years and wants help with a cover illustration "
    "quelqu un ici sait lire un dossier de subvention et cherche une personne qui dessine "
    "iemand hier kan een subsidiedossier lezen en zoekt iemand die een affiche wil tekenen "
)


def stand_in(made: bytes, weight: int, widths: dict[str, int]) -> str:
    """CSS that gives a system face our widths and lines, so that the swap moves nothing."""
    font = TTFont(io.BytesIO(made))
    if "fvar" in font:
        font = instancer.instantiateVariableFont(font, {"wght": weight})
    advances, names, em = font["hmtx"], font.getBestCmap(), font["head"].unitsPerEm
    ours = sum(advances[names[ord(letter)]][0] for letter in SAMPLE) / em
    theirs = sum(widths[letter] for letter in SAMPLE) / 2048
    scale, lines = ours / theirs, font["hhea"]
    return (
        f"size-adjust: {scale:.2%};\n  ascent-override: {lines.ascent / em / scale:.2%};\n"
        f"  descent-override: {-lines.descent / em / scale:.2%};\n  line-gap-override: 0%;"
    )


def sprite(archive: tarfile.TarFile) -> str:
    """Our icons in one drawing; `icon()` in components/icons.html refers to each by its name."""
    symbols = []
    for name in sorted(ICONS):
        drawing = read(archive, f"icons/{name}.svg").decode()
        shapes = re.sub(r"\s*/>", "/>", " ".join(re.findall(r"<(?!svg|/svg|!--)[^>]+>", drawing)))
        # The stroke is said once, by .i in style.css: a symbol inherits from where it is used.
        symbols.append(
            f'<symbol id="{name}" viewBox="0 0 24 24">{shapes.replace("> <", "><")}</symbol>'
        )
    head = f"<!-- Lucide {LUCIDE.version}, ISC licence: vendor/LICENSE-lucide.txt. -->"
    return "\n".join(['<svg xmlns="http://www.w3.org/2000/svg">', head, *symbols, "</svg>", ""])


def read(archive: tarfile.TarFile, path: str) -> bytes:
    member = archive.extractfile(f"package/{path}")
    if member is None:
        raise SystemExit(f"{path} is not a file of the package")
    return member.read()


MADE_BY = """\
Made by `scripts/vendor`; do not edit by hand. Paths are below `static/`. Each package is checked
against its npm integrity before anything is read from it. The licence of each is beside it. Fonts
are cut to the letters, weights and kerning that we use, and converted; icons are gathered into one
drawing; everything else is copied as it is."""


def manifest(files: dict[str, tuple[Package, str, bytes]], notes: dict[str, str]) -> str:
    """static/vendor/README.md."""
    rows = [
        f"| `{path}` | {package.name} | {package.version} | {package.licence} | `{source}` "
        f"| `{hashlib.sha256(content).hexdigest()}` |"
        for path, (package, source, content) in sorted(files.items())
    ]
    sizes = sum(len(c) for path, (_, _, c) in files.items() if path.endswith(".woff2"))
    return "\n".join(
        [
            "# What we did not write",
            "",
            MADE_BY,
            "",
            "| File | Package | Version | Licence | From | sha256 |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
            f"The font files are {sizes} bytes together. While they load, a face of the system",
            "stands in, scaled to the same widths and lines; `style.css` holds these figures:",
            "",
            *[f"- {face}: `{' '.join(figures.split())}`" for face, figures in notes.items()],
            "",
        ]
    )


def stamp(files: dict[str, tuple[Package, str, bytes]], notes: dict[str, str]) -> None:
    """Write the fingerprints of the files, and the stand-ins' figures, where they are used.

    A file asked for with its fingerprint may be kept by browsers for a year.
    """
    for page in (STATIC / "style.css", *(STATIC.parent / "templates").rglob("*.html")):
        words = page.read_text("utf-8")
        stamped = words
        for path, (_, _, content) in files.items():
            mark = hashlib.sha256(content).hexdigest()[:8]
            name = re.escape(path)
            stamped = re.sub(
                rf"({name}(?:\?v=|['\"], v=['\"]))[0-9a-f]{{8}}", rf"\g<1>{mark}", stamped
            )
        for family, figures in notes.items():
            stamped = re.sub(
                rf"(/\* {family} \*/).*?(?=\n}})", rf"\g<1>\n  {figures}", stamped, flags=re.S
            )
        if stamped != words:
            page.write_text(stamped, "utf-8")


def main(work: Path) -> None:
    """Write static/vendor/ and static/icons.svg again from the pinned packages."""
    VENDOR.mkdir(parents=True, exist_ok=True)
    archives = {p: p.archive(work) for p in (HTMX, LUCIDE, BRICOLAGE, COMMISSIONER)}
    files: dict[str, tuple[Package, str, bytes]] = {
        "vendor/htmx.min.js": (HTMX, "dist/htmx.min.js", read(archives[HTMX], "dist/htmx.min.js")),
        "icons.svg": (LUCIDE, "icons/*.svg", sprite(archives[LUCIDE]).encode()),
    }
    for name, face in FACES.items():
        made = cut(face, read(archives[face.package], face.source))
        files[f"vendor/{name}"] = (face.package, face.source, made)
    for package, archive in archives.items():
        short = package.name.rsplit("/", 1)[-1].removesuffix("-static").removesuffix(".org")
        text = read(archive, "LICENSE")
        files[f"vendor/LICENSE-{short}.txt"] = (package, "LICENSE", text)
    notes = {
        "text": stand_in(files["vendor/commissioner.woff2"][2], 400, ARIAL),
        "text, bold": stand_in(files["vendor/commissioner.woff2"][2], 650, ARIAL_BOLD),
        "display": stand_in(files["vendor/bricolage-grotesque.woff2"][2], 700, ARIAL_BOLD),
    }
    for path, (_, _, content) in files.items():
        (STATIC / path).write_bytes(content)
        print(f"{len(content):>7}  {path}  {hashlib.sha256(content).hexdigest()[:8]}")
    stamp(files, notes)
    (VENDOR / "README.md").write_text(manifest(files, notes), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
