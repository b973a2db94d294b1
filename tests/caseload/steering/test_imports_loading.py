"""How a worker loads the waiting files: one after the other, whatever goes wrong."""

import html
import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.db import transaction
from django.test import Client, TestCase
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accompaniment.enums import Modality, NotificationKind, Tier
from accompaniment.models import Accompaniment, Agency, Enrolment, Jobseeker, Notification
from accompaniment.rules.errors import NotAllowedNowError
from accompaniment.rules.imports.outcome import Outcome, RejectedRows
from accompaniment.services.enrolments.acceptance import accept_terms
from accompaniment.services.enrolments.tiers import change_tier
from accompaniment.services.foreseen import FIELD
from caseload.enums import ImportKind, ImportState
from caseload.models import ImportRun, Placement
from caseload.services.moves.placements import place
from caseload.services.steering.imports import (
    ATTEMPTS,
    FILE_GONE,
    INTERRUPTED,
    LOST_AFTER,
    MOST_WRONG_ROWS,
    UNEXPECTED,
    _is_refused_as_a_whole,
    confirm_file,
    give_up_file,
    load_waiting_files,
    receive_file,
    somebody_loads,
)
from tests.accompaniment.factories import AgencyFactory, RegionFactory, UserFactory, consent_text_in_force
from tests.accompaniment.files import as_file, registration
from tests.caseload.factories import ManagerFactory, PortfolioFactory, validated
from tests.caseload.files import kept_files, loading_elsewhere

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_files(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def agency() -> Agency:
    return AgencyFactory(code="67482")


def people(agency: Agency, count: int, *, wrong: int = 0) -> bytes:
    """Return a file of this many people, the first of whom have no name."""
    rows = (
        registration(
            agency,
            identifiant=f"{number:07}A",
            email=f"{number}@courriel.example",
            nom="" if number < wrong else "Aubrac",
        )
        for number in range(count)
    )
    return as_file(*rows).read()


def hand_in(content: bytes, filename: str = "inscriptions.csv") -> ImportRun:
    return receive_file(
        actor=ManagerFactory().user,
        kind=ImportKind.JOBSEEKERS,
        filename=filename,
        source=ContentFile(content, name=filename),
    )


def after(run: ImportRun) -> ImportRun:
    """Return the file as the database has it now."""
    run.refresh_from_db()
    return run


def test_a_file_that_is_loaded_is_kept_no_longer(agency: Agency) -> None:
    run = hand_in(people(agency, 3))
    assert (run.state, len(kept_files())) == (ImportState.WAITING, 1)
    assert load_waiting_files() == 1
    assert (after(run).state, run.summary["created"], run.attempts) == (ImportState.DONE, 3, 1)
    assert (run.bytes_done, run.source.name, kept_files()) == (run.bytes_total, "", [])
    assert load_waiting_files() == 0


def test_while_another_worker_loads_the_file_waits_for_it(agency: Agency) -> None:
    run = hand_in(people(agency, 1))
    with loading_elsewhere():
        assert somebody_loads()
        assert load_waiting_files() == 0
        assert after(run).state == ImportState.WAITING
    assert not somebody_loads()
    assert load_waiting_files() == 1
    assert not somebody_loads()


def test_files_are_loaded_in_the_order_in_which_they_came(agency: Agency) -> None:
    runs = [hand_in(people(agency, count)) for count in (2, 3)]
    assert load_waiting_files() == 2
    assert [after(run).summary["created"] for run in runs] == [2, 1]


def test_the_same_file_twice_at_once_counts_once(agency: Agency) -> None:
    first, second = hand_in(people(agency, 2)), hand_in(people(agency, 2))
    load_waiting_files()
    assert after(first).summary["created"] == 2
    assert (after(second).summary["created"], second.summary["unchanged"]) == (0, 2)


def test_a_load_whose_worker_died_is_taken_up_again_and_given_up_in_the_end(agency: Agency) -> None:
    runs = [hand_in(people(agency, 1)) for _ in range(2)]
    for run, attempts in zip(runs, (ATTEMPTS - 1, ATTEMPTS), strict=True):
        run.state, run.attempts = ImportState.RUNNING, attempts
        run.save()
    load_waiting_files()
    taken_up, given_up = map(after, runs)
    assert (taken_up.state, taken_up.attempts) == (ImportState.DONE, ATTEMPTS)
    assert (given_up.state, given_up.error) == (ImportState.FAILED, INTERRUPTED)
    assert kept_files() == []


def test_a_file_that_is_gone_is_told(agency: Agency, tmp_path: Path) -> None:
    run = hand_in(people(agency, 1))
    (tmp_path / run.source.name).unlink()
    load_waiting_files()
    assert (after(run).state, run.error) == (ImportState.FAILED, FILE_GONE)


def test_an_unexpected_error_is_kept_and_the_next_file_loaded(agency: Agency, tmp_path: Path) -> None:
    broken, sound = hand_in(people(agency, 1)), hand_in(people(agency, 2))
    path = tmp_path / broken.source.name
    path.unlink()
    path.symlink_to(path)
    load_waiting_files()
    assert (after(broken).state, broken.error) == (ImportState.FAILED, UNEXPECTED)
    assert after(sound).state == ImportState.DONE


def test_a_file_that_turns_out_to_be_unreadable_is_refused(agency: Agency, settings: Settings) -> None:
    run = hand_in(people(agency, 1))
    settings.IMPORT_MAXIMUM_MEGABYTES = 0
    load_waiting_files()
    assert (after(run).state, Jobseeker.objects.count(), kept_files()) == (ImportState.FAILED, 0, [])
    assert "dépasse" in run.error


def test_twelve_thousand_wrong_rows_are_refused_as_a_whole_and_go_in_once_corrected(agency: Agency) -> None:
    run = hand_in(people(agency, 12_000, wrong=12_000))
    load_waiting_files()
    assert (after(run).state, run.summary["rejected"]) == (ImportState.FAILED, 12_000)
    assert run.error.startswith("12\u00a0000 lignes sur 12\u00a0000 contiennent une erreur")
    assert (Jobseeker.objects.count(), kept_files()) == (0, [])
    assert run.rejected_csv.count("\r\n") == 12_001

    corrected = hand_in(run.rejected_csv.replace(";Mme;;", ";Mme;Aubrac;").encode("utf-8-sig"), "corrige.csv")
    load_waiting_files()
    assert (after(corrected).state, corrected.summary["created"]) == (ImportState.DONE, 12_000)


def test_twelve_thousand_wrong_rows_of_thirty_thousand_are_refused_as_a_whole(agency: Agency) -> None:
    run = hand_in(people(agency, 30_000, wrong=12_000))
    load_waiting_files()
    assert (after(run).state, run.summary["rejected"]) == (ImportState.FAILED, 12_000)
    assert run.error.startswith("12\u00a0000 lignes sur 30\u00a0000 contiennent une erreur")
    assert (Jobseeker.objects.count(), kept_files()) == (0, [])
    assert run.rejected_csv.count("\r\n") == 12_001


@pytest.mark.parametrize(("wrong", "refused"), [(MOST_WRONG_ROWS, False), (MOST_WRONG_ROWS + 1, True)])
def test_the_bound_of_wrong_rows_does_not_grow_with_the_file(wrong: int, refused: bool) -> None:
    outcome = Outcome(RejectedRows(("identifiant",)), rows=1_000_000)
    outcome.rejections.by_column["nom"] = wrong
    assert _is_refused_as_a_whole(outcome) == refused


@pytest.mark.parametrize(
    ("rows", "wrong", "state"),
    [
        (200, 100, ImportState.DONE),
        (200, 101, ImportState.FAILED),
        (120, 99, ImportState.DONE),
        (120, 100, ImportState.FAILED),
    ],
)
def test_a_file_is_refused_as_a_whole_when_more_than_half_of_many_rows_are_wrong(
    agency: Agency, rows: int, wrong: int, state: ImportState
) -> None:
    run = hand_in(people(agency, rows, wrong=wrong))
    load_waiting_files()
    assert (after(run).state, run.summary["rejected"]) == (state, wrong)
    assert Jobseeker.objects.count() == (rows - wrong if state == ImportState.DONE else 0)


def test_rejected_rows_that_are_corrected_and_loaded_again_all_go_in(agency: Agency) -> None:
    run = hand_in(people(agency, 50, wrong=20))
    load_waiting_files()
    assert (after(run).state, Jobseeker.objects.count()) == (ImportState.DONE, 30)
    load = hand_in(run.rejected_csv.replace(";Mme;;", ";Mme;Aubrac;").encode("cp1252"), "corrige.csv")
    load_waiting_files()
    assert (after(load).summary["created"], load.summary["rejected"]) == (20, 0)
    assert Jobseeker.objects.count() == 50


def test_files_that_nobody_needs_are_deleted_and_others_are_not(agency: Agency, tmp_path: Path) -> None:
    done, waiting = hand_in(people(agency, 1)), hand_in(people(agency, 2))
    ImportRun.objects.filter(pk=done.pk).update(state=ImportState.FAILED, finished_at=timezone.now())
    long_ago = (timezone.now() - LOST_AFTER - timedelta(minutes=1)).timestamp()
    for name in ("of-no-row.csv", "being-handed-in.csv"):
        (tmp_path / "imports" / name).write_bytes(b"")
    os.utime(tmp_path / "imports" / "of-no-row.csv", (long_ago, long_ago))
    os.utime(tmp_path / waiting.source.name, (long_ago, long_ago))
    with loading_elsewhere():
        load_waiting_files()
    assert len(kept_files()) == 4
    load_waiting_files()
    assert (kept_files(), after(done).source.name) == (["being-handed-in.csv"], "")
    assert after(waiting).state == ImportState.DONE


def test_the_rejected_rows_are_counted_past_what_is_kept_and_the_file_is_refused(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accompaniment.rules.imports.outcome.REJECTED_CHARACTERS", 500)
    run = hand_in(people(agency, 60, wrong=20))
    load_waiting_files()
    assert (after(run).state, run.summary["rejected"], Jobseeker.objects.count()) == (ImportState.FAILED, 20, 0)
    assert run.rejected_csv.count("\r\n") < 10


class TestWhatIsAskedFirst:
    """A file that changes people's tier also moves and writes to many, so a manager confirms it before it is loaded."""

    @pytest.fixture
    def known(self, agency: Agency) -> Jobseeker:
        """A person whom a file brought as guidé, and who has been placed since."""
        hand_in(as_file(registration(agency, volontaire_web="N")).read())
        load_waiting_files()
        person = Jobseeker.objects.get()
        portfolio = PortfolioFactory(agency=agency, modality=Modality.GUIDE)
        with transaction.atomic():
            place(actor=None, jobseeker=person, portfolio=portfolio)
        return person

    def changing(self, agency: Agency, **values: str) -> bytes:
        return as_file(registration(agency, volontaire_web="N", modalite="suivi", **values)).read()

    def test_nothing_is_written_before_it_is_confirmed(self, client: Client, agency: Agency, known: Jobseeker) -> None:
        run = hand_in(self.changing(agency))
        load_waiting_files()
        assert (after(run).state, len(kept_files())) == (ImportState.ASKING, 1)
        assert Accompaniment.objects.current().get(jobseeker=known).tier == Tier.GUIDE
        assert Placement.objects.open().filter(jobseeker=known).exists()
        assert not Notification.objects.exists()
        assert load_waiting_files() == 0
        client.force_login(run.uploaded_by)
        page = client.get(reverse("import", args=[run.pk])).content.decode()
        assert "Ce fichier change la modalité de 1 personne" in page
        assert known.identifier in page
        client.post(reverse("confirm_import", args=[run.pk]), {FIELD: run.foreseen["mark"]})
        assert load_waiting_files() == 1
        assert (after(run).state, kept_files()) == (ImportState.DONE, [])
        assert Accompaniment.objects.current().get(jobseeker=known).tier == Tier.SUIVI
        assert not Placement.objects.open().filter(jobseeker=known).exists()
        assert Notification.objects.filter(kind=NotificationKind.TIER_CHANGED).count() == 1

    def test_who_comes_meanwhile_is_asked_about_again(self, agency: Agency, known: Jobseeker) -> None:
        other = registration(agency, identifiant="7654321B", email="b@courriel.example", volontaire_web="N")
        hand_in(as_file(other).read())
        load_waiting_files()
        change_tier(
            actor=None, jobseeker=Jobseeker.objects.get(identifier="7654321B"), tier=Tier.SUIVI, reason="Autonome"
        )
        rows = [other.replace(";guide;", ";suivi;"), registration(agency, volontaire_web="N", modalite="suivi")]
        run = hand_in(as_file(*rows).read())
        load_waiting_files()
        assert after(run).foreseen["people"] == [known.pk]
        confirm_file(actor=run.uploaded_by, run=run, shown=run.foreseen["mark"])
        other_person = Jobseeker.objects.get(identifier="7654321B")
        change_tier(actor=None, jobseeker=other_person, tier=Tier.GUIDE, reason="Besoin d'appui")
        load_waiting_files()
        assert after(run).state == ImportState.ASKING
        assert set(run.foreseen["people"]) == {known.pk, other_person.pk}
        confirm_file(actor=run.uploaded_by, run=run, shown=run.foreseen["mark"])
        load_waiting_files()
        assert after(run).state == ImportState.DONE

    def test_who_loses_the_web_is_named_and_who_accepts_meanwhile_is_asked_about_again(
        self, client: Client, agency: Agency
    ) -> None:
        web = PortfolioFactory(agency=agency)
        rows = [
            {"identifiant": f"123456{number}A", "email": f"p{number}@courriel.example", "nom": name}
            for number, name in enumerate(("Aubrac", "Baudin", "Colin"))
        ]
        hand_in(as_file(*(registration(agency, **row) for row in rows)).read())
        load_waiting_files()
        followed, waiting, _ = people = list(Jobseeker.objects.order_by("identifier"))
        for person in (followed, waiting):
            validated(web, enrolment=Enrolment.objects.get(jobseeker=person))
            person.user = UserFactory()
            person.save(update_fields=["user"])
        accept_terms(actor=followed.user, jobseeker=followed, text=consent_text_in_force())
        run = hand_in(as_file(*(registration(agency, modalite="suivi", **row) for row in rows)).read())
        load_waiting_files()
        assert after(run).state == ImportState.ASKING
        assert Enrolment.objects.filter(state__in=("ended", "lapsed")).count() == 0
        client.force_login(run.uploaded_by)
        page = html.unescape(client.get(reverse("import", args=[run.pk])).content.decode())
        parts = [(part["title"], part["people"]) for part in run.foreseen["parts"]]
        assert [asked for _, asked in parts] == [[person.pk] for person in people]
        assert parts[0][0] == "Fin du 100\u00a0% web"
        for title, _ in parts:
            assert title in page
        assert f"Aubrac Éloïse ({followed.identifier})" in page
        confirm_file(actor=run.uploaded_by, run=run, shown=run.foreseen["mark"])
        accept_terms(actor=waiting.user, jobseeker=waiting, text=consent_text_in_force())
        load_waiting_files()
        assert after(run).state == ImportState.ASKING
        assert run.foreseen["parts"][0]["people"] == [followed.pk, waiting.pk]
        confirm_file(actor=run.uploaded_by, run=run, shown=run.foreseen["mark"])
        load_waiting_files()
        assert (after(run).state, run.summary["web_ends"]) == (ImportState.DONE, 2)
        page = client.get(reverse("import", args=[run.pk])).content.decode()
        assert "Accompagnements changés" in page

    def test_a_new_region_is_asked_of_who_is_followed_and_a_new_agency_is_said_after(
        self, client: Client, agency: Agency, known: Jobseeker
    ) -> None:
        neighbour = AgencyFactory(departement=agency.departement)
        run = hand_in(as_file(registration(neighbour, volontaire_web="N")).read())
        load_waiting_files()
        assert (after(run).state, run.summary["kept_elsewhere"]) == (ImportState.DONE, [known.pk])
        client.force_login(run.uploaded_by)
        page = client.get(reverse("import", args=[run.pk])).content.decode()
        assert "Suivies hors de leur nouvelle agence" in page
        assert reverse("person", args=[known.pk]) in page
        run = hand_in(as_file(registration(AgencyFactory(region=RegionFactory()), volontaire_web="N")).read())
        load_waiting_files()
        assert (after(run).state, run.foreseen["people"]) == (ImportState.ASKING, [known.pk])
        assert Placement.objects.open().filter(jobseeker=known).exists()
        confirm_file(actor=run.uploaded_by, run=run, shown=run.foreseen["mark"])
        load_waiting_files()
        assert (after(run).state, run.summary["region_changes"]) == (ImportState.DONE, 1)
        assert not Placement.objects.open().filter(jobseeker=known).exists()

    @pytest.mark.usefixtures("known")
    def test_it_can_be_given_up_and_another_mark_is_refused(self, agency: Agency) -> None:
        run = hand_in(self.changing(agency))
        load_waiting_files()
        with pytest.raises(NotAllowedNowError):
            confirm_file(actor=run.uploaded_by, run=run, shown="x")
        with TestCase.captureOnCommitCallbacks(execute=True):
            give_up_file(actor=run.uploaded_by, run=run)
        assert (after(run).state, kept_files()) == (ImportState.FAILED, [])
        with pytest.raises(NotAllowedNowError):
            confirm_file(actor=run.uploaded_by, run=run, shown="x")

    @pytest.mark.usefixtures("known")
    def test_a_file_that_changes_no_tier_is_loaded_at_once(self, agency: Agency) -> None:
        run = hand_in(as_file(registration(agency, volontaire_web="N", commune="Colmar")).read())
        load_waiting_files()
        assert after(run).state == ImportState.DONE
