"""Files are loaded while people look on, another file arrives, or the worker is killed."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from pytest_django import Settings

from accompaniment.models import Jobseeker, User
from caseload.enums import ImportKind, ImportState
from caseload.models import ImportRun
from caseload.services.steering.imports import receive_file, somebody_loads
from tests.accompaniment.factories import AgencyFactory
from tests.accompaniment.files import as_file, registration
from tests.caseload.factories import ManagerFactory
from tests.caseload.files import kept_files, no_broker
from tests.concurrency.held_imports import somebody_waits_for_the_people, work, writing_held_up
from tests.config.embedded_clients import PATIENCE, PROJECT, eventually

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = 1500
WORKER = """
import sys, django
django.setup()
from django.conf import settings
from django.db import connection
connection.settings_dict["NAME"], settings.MEDIA_ROOT = sys.argv[1:]
from caseload.services.steering.imports import load_waiting_files
load_waiting_files()
"""


@pytest.fixture(autouse=True)
def _own_files(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def run() -> ImportRun:
    """A waiting file of many people."""
    agency = AgencyFactory(code="67482")
    rows = (
        registration(agency, identifiant=f"{number:07}A", email=f"{number}@courriel.example")
        for number in range(PEOPLE)
    )
    return handed_in(ManagerFactory().user, as_file(*rows).read())


def handed_in(actor: User, content: bytes) -> ImportRun:
    """Hand in a file without telling a worker, so that the test decides when it is loaded."""
    source = ContentFile(content, name="inscriptions.csv")
    with no_broker():
        return receive_file(actor=actor, kind=ImportKind.JOBSEEKERS, filename="inscriptions.csv", source=source)


def now(run: ImportRun) -> ImportRun:
    run.refresh_from_db()
    return run


def test_others_see_how_far_a_load_is_while_its_transaction_is_open(run: ImportRun) -> None:
    with ThreadPoolExecutor(1) as worker:
        with writing_held_up():
            loading = worker.submit(work)
            eventually(somebody_waits_for_the_people)
            assert somebody_loads()
            assert now(run).state == ImportState.RUNNING
            assert 50 < run.percent_read <= 100
        assert loading.result() == 1
    assert (now(run).state, run.summary["created"]) == (ImportState.DONE, PEOPLE)
    # The planner's statistics already count the new people.
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = 'accompaniment_jobseeker'::regclass")
        assert cursor.fetchone() == (PEOPLE,)


def test_a_second_worker_leaves_the_file_to_the_first_who_takes_the_next_one_too(run: ImportRun) -> None:
    with ThreadPoolExecutor(1) as worker:
        with writing_held_up():
            first = worker.submit(work)
            eventually(somebody_waits_for_the_people)
            with run.source.open("rb") as file:
                second = handed_in(run.uploaded_by, file.read())
            assert work() == 0
            assert now(second).state == ImportState.WAITING
        assert first.result() == 2
    assert (now(run).summary["created"], now(second).summary["unchanged"]) == (PEOPLE, PEOPLE)
    assert Jobseeker.objects.count() == PEOPLE


def test_a_load_whose_worker_is_killed_leaves_nothing_and_is_taken_up_again(run: ImportRun, tmp_path: Path) -> None:
    with writing_held_up():
        worker = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(connection.settings_dict["NAME"]), str(tmp_path)], cwd=PROJECT
        )
        try:
            eventually(somebody_waits_for_the_people)
        finally:
            worker.kill()
            worker.wait(PATIENCE)
        assert now(run).state == ImportState.RUNNING
        assert run.attempts == 1
    eventually(lambda: not somebody_loads())
    assert not Jobseeker.objects.exists()
    assert work() == 1
    assert (now(run).state, run.attempts, run.summary["created"]) == (ImportState.DONE, 2, PEOPLE)
    assert kept_files() == []
