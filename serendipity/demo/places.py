"""The two lieux of the demo: hours, moments, rooms, and who has which role there."""

from __future__ import annotations

from dataclasses import dataclass

from serendipity.lieux import Span

WEEK = range(7)
HOUSE_RULES = {
    "en": "Wash your cup.\nCalls are taken outside.\nThe last one out closes the shutters.",
    "fr": "On lave sa tasse.\nOn téléphone dehors.\nQui part en dernier ferme les volets.",
    "nl": "Was je kopje af.\nBellen doe je buiten.\nWie laatst vertrekt, sluit de luiken.",
}


@dataclass(frozen=True)
class Chamber:
    """A room as the demo knows it; prices in cents before VAT."""

    slug: str
    name: str
    description: str
    shape: str
    capacity: int
    hour_cents: int
    step_free: bool
    access: str


@dataclass(frozen=True)
class Place:
    slug: str
    name: str
    city: str
    timezone: str
    language: str
    seats: int
    arriving: int  # how many are here when the demo opens
    moments: tuple[tuple[int, int, str], ...]  # from hour, to hour, name
    rooms: tuple[Chamber, ...]
    tables: tuple[str, ...]  # where people sit
    concierges: tuple[str, ...]
    note: str  # what yesterday's concierge left

    def openings(self) -> list[Span]:
        """Open day and night, so that there is something to see whenever somebody looks."""
        return [Span(day, 0, 1440) for day in WEEK]

    def week(self) -> list[Span]:
        return [
            Span(day, start * 60, end * 60, name)
            for day in WEEK
            for start, end, name in self.moments
        ]


NAVETTE = Place(
    slug="la-navette",
    name="La Navette",
    city="Roubaix",
    timezone="Europe/Paris",
    language="fr",
    seats=48,
    arriving=23,
    moments=(
        (0, 7, "Veillée"),
        (7, 17, "Coworking"),
        (17, 18, "AMAP"),
        (18, 21, "Repair café"),
        (21, 24, "Répétition"),
    ),
    rooms=(
        Chamber("jacquard", "Jacquard", "Lumière du nord, mur à écrire, écran.", "table", 8, 2400,
                True, "porte de 93 cm"),
        Chamber("la-bobine", "La Bobine", "Table ronde, à l’étage, sans ascenseur.", "round", 6,
                1800, False, "14 marches, sans ascenseur"),
        Chamber("grande-salle", "Grande Salle", "Chaises en rangs ou en cercle, projecteur.",
                "rows", 30, 5500, True, "porte de 93 cm, boucle magnétique"),
    ),
    tables=("grande table", "fenêtre", "atelier", "table du marché", "salle calme", "canapé"),
    concierges=("Bertille Gosselin", "Karim Benali", "Zoé Martin"),
    note="Aïcha voudrait qu'on lui montre l'atelier. La caméra thermique est dans la caisse bleue. "
    "J'ai promis à Younes une vraie présentation, pas un message.",
)  # fmt: skip

WEEFKAMER = Place(
    slug="weefkamer",
    name="De Weefkamer",
    city="Brussel",
    timezone="Europe/Brussels",
    language="nl",
    seats=36,
    arriving=15,
    moments=(
        (0, 8, "Nachtbureau"),
        (8, 16, "Coworking"),
        (16, 19, "Repair café"),
        (19, 24, "Buurtkeuken"),
    ),
    rooms=(
        Chamber("weefgetouw", "Weefgetouw", "Lange tafel onder het daklicht, scherm.", "table", 10,
                2600, True, "lift, deur van 90 cm"),
        Chamber("spoel", "Spoel", "Vier stoelen en een raam.", "round", 4, 1400, True,
                "gelijkvloers"),
    ),
    tables=("daklichttafel", "tuinkant", "werkplaats", "keukentafel"),
    concierges=("Marie Lemaire", "Griet Van Damme"),
    note="De sleutel van de tuin hangt achter de deur. Peter zoekt iemand voor zijn boekhouding.",
)  # fmt: skip

PLACES = (NAVETTE, WEEFKAMER)
OPERATOR = "Camille Durand"
COWORKER, HELPER = "Awa Diallo", "Inès Morel"
# Who sells: how numbers begin, name, street, postcode, SIREN, VAT number, IBAN
SELLERS = {
    "la-navette": ("NAVETTE", "La Navette SCIC", "12 rue de la Soie", "59100", "732829320",
                   "FR83404833048", "FR1420041010050500013M02606"),
    "weefkamer": ("WEEF", "De Weefkamer cv", "Getouwstraat 4", "1000", "", "BE0403170701",
                  "BE71096123456769"),
}  # fmt: skip
COMPANY = ("Coopérative Toits Communs", "toits.communs@demo.example.org", "Valérie Hennebelle")
