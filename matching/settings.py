"""Settings: the constants of the engine, named, with the reason for each.

They are priors, not truths. Those that weigh one good against another (`mutual`, `fairness`,
`bridging`, `weak_ties`) were tuned on the public contact network by `benchmarks encounters`;
`matching.learning` replaces them by what a lieu's own answers say.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import isfinite

from matching.errors import InvalidSetting


@dataclass(frozen=True, slots=True)
class Settings:
    """The constants of one engine.

    Attributes
    ----------
    same_family : float
        Similarity of two concepts with the same broader concept.
    meaning_floor : float
        A calibrated similarity below this counts as nothing.
    no_shared_language : float
        Factor on help between two people whose stated languages are disjoint.
    mutual : float
        λ, the extra weight of help that goes both ways.
    fairness, fairness_offset, fairness_power : float
        Weight of the side that has received little: (ε + ū)^−γ, scaled to 0..1.
    scarcity : float
        How much of that weight is divided by the number of people who could help.
    bridging : float
        Weight of a tie that joins what was apart.
    weak_ties : float
        Weight of the inverted U over shared acquaintances.
    weak_tie_peak : float
        Number of shared acquaintances at which the inverted U is highest.
    floor : float
        What meeting anyone new is worth: nobody stays alone because no skill fits.
    known_from : float
        Sum of co-presence weights from which two people count as knowing each other.
    half_life_met, half_life_co_present : float
        Days in which a tie loses half its strength.
    alive_from : float
        Strength below which a tie no longer makes an acquaintance.
    candidates : int
        Candidates kept per person and round.
    landmarks : int
        People from whom distances are measured.
    cooldown_hours : float
        A person who was asked is left in peace for so long.
    """

    same_family: float = 0.6
    meaning_floor: float = 0.35
    no_shared_language: float = 0.7
    mutual: float = 0.05
    fairness: float = 2.0
    fairness_offset: float = 0.02
    scarcity: float = 0.5
    fairness_power: float = 1.0
    bridging: float = 1.0
    weak_ties: float = 0.05
    weak_tie_peak: float = 3.0
    floor: float = 0.05
    known_from: float = 0.5
    half_life_met: float = 75.0
    half_life_co_present: float = 7.0
    alive_from: float = 0.05
    candidates: int = 10
    landmarks: int = 32
    cooldown_hours: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what is not a number or below nought, by name."""
        for field in fields(self):
            value = getattr(self, field.name)
            if not isfinite(value) or value < 0:
                raise InvalidSetting(field.name, f"{value!r} is not a number from 0 up")
        if self.half_life_met == 0 or self.half_life_co_present == 0:
            raise InvalidSetting("half_life", "a tie needs a half-life above 0")
