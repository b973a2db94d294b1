"""Files of the information system for tests: headers, valid rows, and the pilot's files."""

import gzip
import io
import json
from pathlib import Path
from typing import Any, BinaryIO

from accompaniment.models import Agency, Jobseeker
from accompaniment.rules.imports.outcome import JobseekerOutcome
from accompaniment.rules.imports.rows import AGENCIES, JOBSEEKERS
from accompaniment.services.imports import load_jobseekers

PILOT = Path(__file__).resolve().parent.parent / "data" / "pilote"
EXPECTED: dict[str, Any] = json.loads((PILOT / "expected.json").read_text())


def pilot_file(name: str) -> bytes:
    """Return an export of the pilot in its real size, unchanged."""
    return gzip.decompress((PILOT / f"{name}.csv.gz").read_bytes())


def as_file(*rows: str, header: tuple[str, ...] = JOBSEEKERS.columns) -> BinaryIO:
    """Return a file with these rows, separated as in the exports."""
    return io.BytesIO("\r\n".join([";".join(header), *rows, ""]).encode("utf-8-sig"))


def registration(agency: Agency, **values: str) -> str:
    """Return one row of an eligible volunteer; `values` replaces columns."""
    row = {
        "identifiant": "1234567A",
        "civilite": "Mme",
        "nom": "Aubrac",
        "prenom": "Éloïse",
        "date_naissance": "17/05/1985",
        "email": "eloise.aubrac@courriel.example",
        "telephone": "01 99 00 12 34",
        "code_postal": "67000",
        "commune": "Strasbourg",
        "code_agence": agency.code,
        "date_inscription": "03/02/2014",
        "modalite": "guide",
        "volontaire_web": "O",
        "webcam": "O",
        "debit": "bon",
        "rome": "M1607",
        **values,
    }
    return ";".join(row[column] for column in JOBSEEKERS.columns)


def agency_row(**values: str) -> str:
    """Return one row of an agency; `values` replaces columns."""
    row = {
        "code": "67482",
        "nom": "Strasbourg Meinau",
        "departement": "67",
        "adresse": "12, rue de la Plaine",
        "code_postal": "67100",
        "commune": "Strasbourg",
        **values,
    }
    return ";".join(row[column] for column in AGENCIES.columns)


def person(identifier: str = "1234567A") -> Jobseeker:
    """Return the person as the database has them now."""
    found: Jobseeker = Jobseeker.objects.get(identifier=identifier)
    return found


def load(*rows: str, **options: Any) -> JobseekerOutcome:
    return load_jobseekers(actor=None, source=as_file(*rows), **options)
