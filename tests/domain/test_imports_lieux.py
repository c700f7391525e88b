"""Lieux from a file: what cannot be right is refused by row, the rest goes in, once."""

from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from serendipity.imports import lieux as importer
from serendipity.imports.table import UnreadableTable
from serendipity.lieux import Lieu
from tests.rows import a_lieu

FRENCH = "ID,NOM_TL,ADRESSE,CP,NOMCOM,COMINIT,WEB,TYPO,LAT,LONG\n"
RIGHT = "1,La Navette,12 montée de la Soie,69004,Lyon,,www.lanavette.fr,fablab,45.77,4.82\n"


def written(tmp_path: Path, words: str) -> Path:
    path = tmp_path / "lieux.csv"
    path.write_text(words, "utf-8")
    return path


def test_the_french_list_goes_in_and_a_second_run_changes_nothing(
    session: Session, tmp_path: Path, at: datetime
) -> None:
    path = written(tmp_path, FRENCH + RIGHT)
    assert importer.import_lieux(session, path, at=at).new == 1
    again = importer.import_lieux(session, path, at=at)
    assert (again.new, again.unchanged, again.refused) == (0, 1, [])
    lieu = session.scalars(select(Lieu).where(Lieu.source == "tiers-lieux")).one()
    assert (lieu.slug, lieu.city, lieu.website) == ("la-navette", "Lyon", "http://www.lanavette.fr")
    assert lieu.opened_at is None


def test_what_people_changed_since_is_left_as_it_is(
    session: Session, tmp_path: Path, at: datetime
) -> None:
    path = written(tmp_path, FRENCH + RIGHT)
    importer.import_lieux(session, path, at=at)
    session.scalars(select(Lieu).where(Lieu.source_id == "1")).one().name = "La Navette d'ici"
    importer.import_lieux(session, path, at=at)
    assert session.scalars(select(Lieu.name)).all() == ["La Navette d'ici"]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("2,Sans code,Rue,0,Nice,,,,43.7,7.2", "'0' is not a postcode"),
        ("2,Sans lieu,Rue,06000,Nice,,,,900,7.2", "not a place on earth"),
        ("2,Nulle part,Rue,06000,Nice,,,,0,0", "not a place on earth"),
        ("2,Pas un nombre,Rue,06000,Nice,,,,nan,7.2", "not a place on earth"),
        ("2,,Rue,06000,Nice,,,,43.7,7.2", "NOM_TL is empty"),
        (f"2,{'x' * 161},Rue,06000,Nice,,,,43.7,7.2", "longer than 160"),
        ("2,LA NAVETTE ,ailleurs,69004,Lyon,,,,45.7,4.8", "same name and postcode as line 2"),
        ("2,Trop,de,06000,cellules,,,,43.7,7.2,et,encore", "12 cells where"),
    ],
)
def test_a_row_that_cannot_be_right_is_reported_and_the_rest_goes_in(
    session: Session, tmp_path: Path, at: datetime, row: str, why: str
) -> None:
    after = "3,L'autre,Rue,75003,Paris,,,,48.8,2.3\n"
    report = importer.import_lieux(
        session, written(tmp_path, FRENCH + RIGHT + row + "\n" + after), at=at
    )
    assert report.new == 2
    assert [refusal.line for refusal in report.refused] == [3]
    assert why in report.refused[0].why


def test_two_lieux_of_one_name_get_two_addresses(
    session: Session, tmp_path: Path, at: datetime
) -> None:
    a_lieu(session, slug="la-navette")
    rows = RIGHT + "2,La Navette,Rue,75003,Paris,,,,48.8,2.3\n"
    importer.import_lieux(session, written(tmp_path, FRENCH + rows), at=at)
    slugs = session.scalars(select(Lieu.slug).where(Lieu.source_id.is_not(None))).all()
    assert sorted(slugs) == ["la-navette-lyon", "la-navette-paris"]


@pytest.mark.parametrize(
    ("postcode", "zone"),
    [("69004", "Europe/Paris"), ("97400", "Indian/Reunion"), ("98800", "Pacific/Noumea")],
)
def test_overseas_lieux_live_by_their_own_clock(
    session: Session, tmp_path: Path, at: datetime, postcode: str, zone: str
) -> None:
    path = written(tmp_path, f"{FRENCH}1,Là-bas,Rue,{postcode},Ville,,,,-21.0,55.5\n")
    importer.import_lieux(session, path, at=at)
    assert session.scalars(select(Lieu.timezone)).one() == zone


def test_our_own_columns_go_in_too(session: Session, tmp_path: Path, at: datetime) -> None:
    path = written(
        tmp_path,
        "name,postcode,slug,city,country,timezone,language,seats,latitude,longitude,source_id\n"
        "De Weverij,1000,weverij,Brussel,be,Europe/Brussels,nl,30,50.85,4.35,w1\n"
        "Nergens,1000,,Brussel,be,Europe/Nergens,nl,30,,,w2\n"
        "Twee,1000,weverij,Brussel,be,,nl,30,,,w3\n",
    )
    report = importer.import_lieux(session, path, at=at)
    assert (report.new, [refusal.line for refusal in report.refused]) == (1, [3, 4])
    lieu = session.scalars(select(Lieu)).one()
    assert (lieu.slug, lieu.country, lieu.language, lieu.seats) == ("weverij", "BE", "nl", 30)


def test_a_file_that_is_neither_is_refused_whole(
    session: Session, tmp_path: Path, at: datetime
) -> None:
    with pytest.raises(UnreadableTable, match="no column name"):
        importer.import_lieux(session, written(tmp_path, "nom,code\nx,y\n"), at=at)
