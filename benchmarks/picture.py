"""Draw the pictures of docs/matching.md: a real round, and the trade between three goods.

Run as `python -m benchmarks.picture --data DIR --to docs/pictures`.
"""

from __future__ import annotations

import argparse
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks import contacts
from benchmarks.contacts import START, Network
from benchmarks.encounters import Replay, engine
from matching import Community, Policy, Settings

SIZE: Final = 640
DAY: Final = 4


def a_round(network: Network, people: list[Any]) -> str:
    """Return an SVG: a ring of people by department, old ties grey, suggestions in colour."""
    day = sorted(network.days())[DAY]
    here = sorted(network.days()[day], key=lambda p: (network.group.get(p, ""), p))
    at = START + timedelta(days=day, hours=9)
    ties = [tie for tie in network.ties() if tie.at <= at]
    found = Community(people, ties).suggest(here, at)
    angle = {p: 2 * np.pi * k / len(here) for k, p in enumerate(here)}
    place = {p: (SIZE / 2 + 270 * np.sin(v), SIZE / 2 - 270 * np.cos(v)) for p, v in angle.items()}
    known = {(tie.a, tie.b) for tie in ties if tie.a in place and tie.b in place}
    lines = [_lines([(place[a], place[b]) for a, b in sorted(known)], "#aaa", 0.3)]
    for suggestion in found.suggestions:
        served = max(suggestion.serves.values()) > 0.5
        first, *others = suggestion.members
        colour, wide = ("#1f4fa3", 1.6) if served else ("#d9902f", 1.2)
        lines.append(_lines([(place[first], place[other]) for other in others], colour, wide))
    dots = [f'<circle cx="{x:.0f}" cy="{y:.0f}" r="3"/>' for x, y in place.values()]
    return _svg([*lines, *dots, *_departments(here, angle, network)])


def _departments(here: list[int], angle: dict[int, Any], network: Network) -> list[str]:
    labels = []
    for group in sorted({network.group.get(p, "") for p in here}):
        middle = np.mean([angle[p] for p in here if network.group.get(p, "") == group])
        x, y = SIZE / 2 + 298 * np.sin(middle), SIZE / 2 - 298 * np.cos(middle)
        labels.append(f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="middle">{group}</text>')
    return labels


def _lines(ends: list[tuple[Any, Any]], colour: str, wide: float) -> str:
    centre = f"{SIZE // 2} {SIZE // 2}"
    drawn = "".join(f"M{x:.0f} {y:.0f}Q{centre} {u:.0f} {v:.0f}" for (x, y), (u, v) in ends)
    return f'<path d="{drawn}" stroke="{colour}" stroke-width="{wide}" fill="none"/>'


def a_trade(network: Network, people: list[Any]) -> str:
    """Return an SVG: usefulness against bridging as the weight of bridging grows."""
    replay = Replay(network, people)
    points = []
    for weight in (0.0, 0.1, 1.0, 6.0):
        outcome = replay.run(engine(Policy.ENGINE, 0, settings=Settings(bridging=weight)))
        points.append((f"{weight:g}", outcome.figures()))
    points.append(("memory", replay.run(engine(Policy.MEMORY, 0)).figures()))
    low, wide, top = 0.9, 0.1, 100.0
    drawn = [
        '<path d="M70 30V570H620" stroke="#333" fill="none"/>',
        '<text x="345" y="620" text-anchor="middle">share of encounters across departments</text>',
        '<text x="24" y="300" text-anchor="middle" transform="rotate(-90 24 300)">'
        "useful encounters a day</text>",
    ]
    for name, figures in points:
        x = 70 + 540 * (figures["bridging"] - low) / wide
        y = 570 - 530 * figures["useful"] / top
        r = 6 + 60 * figures["never helped"]
        colour = "#d9902f" if name == "memory" else "#1f4fa3"
        drawn += [
            f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{r:.1f}" style="fill:{colour};opacity:.6"/>',
            f'<text x="{x:.0f}" y="{y - r - 5:.0f}" text-anchor="middle">{name}</text>',
        ]
    for k in range(6):
        drawn += [
            f'<text x="{70 + 108 * k}" y="590" text-anchor="middle">{0.9 + 0.02 * k:.2f}</text>',
            f'<text x="64" y="{574 - 106 * k}" text-anchor="end">{20 * k}</text>',
        ]
    return _svg(drawn)


def _svg(parts: list[str]) -> str:
    style = "<style>text{font:13px sans-serif;fill:#333}circle{fill:#333}</style>"
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {SIZE}">'
        f'<rect width="{SIZE}" height="{SIZE}" fill="#fff"/>{style}\n{body}\n</svg>\n'
    )


def main() -> None:
    """Write both pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--to", type=Path, required=True)
    args = parser.parse_args()
    network = contacts.networks(args.data)[0]
    pool = contacts.survey(args.data)
    people = contacts.grafted(network, pool, skills=3, needs=1, organisations=True, seed=0)
    (args.to / "round.svg").write_text(a_round(network, people), encoding="utf-8")
    (args.to / "trade.svg").write_text(a_trade(network, people), encoding="utf-8")


if __name__ == "__main__":
    main()
