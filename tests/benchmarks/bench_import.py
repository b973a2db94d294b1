"""Loading 100,000 registrations, compared with reading the file, checking addresses and numbers, and copying it.

The other side is the minimum: `csv`, validators of e-mail and telephone, and `COPY` into a table without an index, in
one transaction. It is measured twice. The first time uses the reference validators, Django's and phonenumbers'. The
second time uses our own, which agree on nearly all numbers and take a fraction of the time. The second is the harder
comparison: we write each row with its history, its audit and its constraints.
"""

import csv
import io
import re
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.db import connection, transaction

from accompaniment.rules.imports import values
from accompaniment.rules.imports.reader import SEPARATOR
from accompaniment.rules.imports.rows import JOBSEEKERS
from accompaniment.rules.imports.telephones import FRANCE
from accompaniment.rules.imports.values import InvalidValueError
from accompaniment.services.imports import load_agencies, load_jobseekers
from tests.accompaniment.files import EXPECTED, pilot_file
from tests.benchmarks import databases
from tests.benchmarks.rows import RUNS, Row, Size, Target

ROWS = {Size.FULL: 100_000, Size.SMALL: 2_000}
MEMORY_MEGABYTES = 300
UNINDEXED = "bench_registrations"
EMAIL = JOBSEEKERS.columns.index("email")
PHONE = JOBSEEKERS.columns.index("telephone")
_validate_email = EmailValidator()
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def run(size: Size) -> list[Row]:
    """Return the time of both sides, and the peak memory of our process."""
    runs = RUNS if size is Size.FULL else 1
    peaks: list[float] = []
    worked: list[float] = []
    with TemporaryDirectory() as folder:
        path = Path(folder) / "inscriptions.csv"
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file, delimiter=SEPARATOR, lineterminator="\r\n").writerows(registrations(ROWS[size]))
        ours: list[float] = []
        libraries: list[float] = []
        own: list[float] = []
        for _ in range(runs):
            ours.append(_load(path, ROWS[size], peaks, worked))
            libraries.append(_copy(path, _checked_by_libraries))
            own.append(_copy(path, _checked_by_ours))
    within = f"memory at most {MEMORY_MEGABYTES} MB ({max(peaks):.0f})", max(peaks) <= MEMORY_MEGABYTES
    what = f"import of {ROWS[size]} rows, other side with the validators"
    remark = (
        f"of the time here our own process worked {median(worked):.2g} s; the rest is PostgreSQL, which writes people, "
        "periods, source records, enrolments, their events and audit rows, and checks each of their keys"
    )
    return [
        Row(f"{what} of the {whose}", median(ours), median(theirs), "s", Target.AT_MOST, 3, [within], [remark])
        for whose, theirs in (("libraries", libraries), ("house", own))
    ]


def registrations(count: int) -> Iterator[list[str]]:
    """Return the header and `count` rows like the pilot's, with their faults: the pilot repeated.

    Each repetition changes one letter of the names and the addresses, so that the people differ.
    """
    pilot = csv.reader(io.StringIO(pilot_file("inscriptions").decode("utf-8-sig")), delimiter=SEPARATOR)
    header, *people = pilot
    yield header
    yield from islice(_again_and_again(people), count)


def _again_and_again(people: list[list[str]]) -> Iterator[list[str]]:
    for turn in range(len(LETTERS)):
        for identifier, *others in people:
            row = [_turned(identifier, turn), *others]
            if "@" in row[EMAIL] and turn:
                row[EMAIL] = f"{turn}.{row[EMAIL]}"
            yield row


def _turned(identifier: str, turn: int) -> str:
    if identifier[-1:] not in LETTERS:
        return identifier
    return identifier[:-1] + LETTERS[(LETTERS.index(identifier[-1]) + turn) % len(LETTERS)] if identifier else ""


def _load(path: Path, count: int, peaks: list[float], worked: list[float]) -> float:
    """Load the file into a fresh database and return the seconds; check that all of it was loaded.

    Appends the peak memory in megabytes, and the seconds of CPU of our own process.
    """
    name = databases.fresh("import")
    load_agencies(actor=None, source=io.BytesIO(pilot_file("agences")))
    _forget_peak_memory()
    with path.open("rb") as source:
        began, at_work = time.perf_counter(), time.process_time()
        outcome = load_jobseekers(actor=None, source=source)
        seconds = time.perf_counter() - began
    worked.append(time.process_time() - at_work)
    peaks.append(_peak_memory())
    share = EXPECTED["rejected"] / EXPECTED["rows"]
    if outcome.rows != count or abs(outcome.rejections.total / count - share) > share / 2:
        raise RuntimeError(f"not the pilot's shape: {outcome.summary()}")
    databases.drop(name)
    return seconds


def _checked_by_libraries(email: str, phone: str) -> tuple[str, str]:
    """Return an address and a number that the libraries find valid, or two empty texts."""
    try:
        if email:
            _validate_email(email)
        number = phonenumbers.parse(phone, FRANCE) if phone else None
    except (ValidationError, phonenumbers.NumberParseException):
        return "", ""
    if number is None or not phonenumbers.is_valid_number(number):
        return email, ""
    return email, phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _checked_by_ours(email: str, phone: str) -> tuple[str, str]:
    """Return an address and a number that the import accepts, or two empty texts."""
    try:
        return values.email(email), values.phone(phone)
    except InvalidValueError:
        return "", ""


def _copy(path: Path, check: Callable[[str, str], tuple[str, str]]) -> float:
    """Read, check addresses and numbers, and copy; return the seconds."""
    name = databases.fresh("copy")
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {UNINDEXED} ({', '.join(f'{column} text' for column in JOBSEEKERS.columns)})")
    began = time.perf_counter()
    with transaction.atomic(), connection.cursor() as cursor, path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file, delimiter=SEPARATOR)
        next(rows)
        with cursor.copy(f"COPY {UNINDEXED} FROM STDIN") as copy:
            for row in rows:
                row[EMAIL], row[PHONE] = check(row[EMAIL], row[PHONE])
                copy.write_row(row)
    seconds = time.perf_counter() - began
    databases.drop(name)
    return seconds


def _forget_peak_memory() -> None:
    """Reset the kernel's record of this process's peak memory."""
    Path("/proc/self/clear_refs").write_text("5")


def _peak_memory() -> float:
    """Return the peak memory since the last reset, in megabytes."""
    peak = re.search(r"^VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    if peak is None:
        raise RuntimeError("the kernel does not tell the peak of memory")
    return int(peak[1]) / 1024
