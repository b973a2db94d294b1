"""Notes, action plan and timeline of a person's file: who writes them, who sees them, what is refused."""

from datetime import date, timedelta
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone

from accompaniment.enums import AuditAction, Channel, ContactNature
from accompaniment.forms.tokens import FIELD, new_token
from accompaniment.models import AuditEntry, Contact, Jobseeker, Note, Objective, Step
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.rules.french import of_name
from accompaniment.services import action_plan, audit, notes
from accompaniment.services.action_plan import StepFacts, shown_line
from accompaniment.services.contact_details import change_details, details_of
from caseload.enums import TimelineKind
from caseload.models import Portfolio
from caseload.reads.file.timeline import PAGE, timeline_of
from tests.caseload.factories import (
    CoverFactory,
    PortfolioFactory,
    former_adviser,
    on_web_track,
)

pytestmark = pytest.mark.django_db

SECRET = "Situation familiale difficile, à ne pas évoquer par écrit."


@pytest.fixture
def portfolio() -> Portfolio:
    return PortfolioFactory()


@pytest.fixture
def person(portfolio: Portfolio) -> Jobseeker:
    return on_web_track(portfolio)


class TestNotes:
    def test_the_team_reads_a_note_and_the_person_never_does(
        self, client: Client, portfolio: Portfolio, person: Jobseeker
    ) -> None:
        client.force_login(portfolio.adviser.user)
        assert client.post(f"/personnes/{person.pk}/notes/", {"body": SECRET}).status_code == 302
        assert SECRET in client.get(f"/personnes/{person.pk}/").content.decode()
        assert AuditEntry.objects.filter(jobseeker=person, action=AuditAction.NOTE).count() == 1
        client.force_login(CoverFactory(portfolio=portfolio).colleague.user)
        assert SECRET in client.get(f"/personnes/{person.pk}/").content.decode()
        client.force_login(person.user)
        for address in (
            "/mon-espace/",
            "/mon-accompagnement/",
            "/mes-donnees/",
            "/mes-documents/",
            "/messagerie/",
            "/mes-entretiens/",
        ):
            page = client.get(address, follow=True)
            assert page.status_code == 200
            assert "Situation familiale" not in page.content.decode(), address

    def test_an_empty_note_is_asked_for_again_and_a_long_one_comes_back(
        self, client: Client, portfolio: Portfolio, person: Jobseeker
    ) -> None:
        client.force_login(portfolio.adviser.user)
        empty = client.post(f"/personnes/{person.pk}/notes/", {"body": "  "})
        assert (empty.status_code, Note.objects.count()) == (422, 0)
        assert "Écrivez la note avant de l&#x27;enregistrer." in empty.content.decode()
        long = client.post(f"/personnes/{person.pk}/notes/", {"body": "x" * 5001})
        assert (long.status_code, Note.objects.count()) == (422, 0)
        assert "x" * 5001 in long.content.decode()

    def test_its_author_takes_it_back_and_its_date_stays(
        self, client: Client, portfolio: Portfolio, person: Jobseeker
    ) -> None:
        note = notes.write_note(actor=portfolio.adviser.user, jobseeker=person, body=SECRET)
        client.force_login(portfolio.adviser.user)
        client.post(f"/notes/{note.pk}/retirer/")
        page = client.get(f"/personnes/{person.pk}/").content.decode()
        assert SECRET not in page
        assert "Note retirée par son auteur" in page

    def test_nobody_else_takes_it_back(self, portfolio: Portfolio, person: Jobseeker) -> None:
        note = notes.write_note(actor=portfolio.adviser.user, jobseeker=person, body=SECRET)
        with pytest.raises(NotAllowedNowError, match="auteur"):
            notes.withdraw_note(actor=CoverFactory(portfolio=portfolio).colleague.user, note=note)

    def test_who_only_reads_writes_nothing(self, client: Client, person: Jobseeker) -> None:
        client.force_login(former_adviser(person))
        page = client.get(f"/personnes/{person.pk}/").content.decode()
        assert "Enregistrer la note" not in page
        assert client.post(f"/personnes/{person.pk}/notes/", {"body": "x"}).status_code == 403
        assert not Note.objects.exists()


class TestActionPlan:
    @pytest.fixture
    def step(self, portfolio: Portfolio, person: Jobseeker) -> Step:
        objective = action_plan.add_objective(
            actor=portfolio.adviser.user, jobseeker=person, title="Passer le permis", due_on=date(2027, 6, 1)
        )
        facts = StepFacts(title="S'inscrire au code", due_on=timezone.localdate() - timedelta(days=3))
        return action_plan.add_step(actor=portfolio.adviser.user, objective=objective, facts=facts)

    def test_the_adviser_sets_it_and_the_person_ticks_it(
        self, client: Client, portfolio: Portfolio, person: Jobseeker
    ) -> None:
        client.force_login(portfolio.adviser.user)
        client.post(f"/personnes/{person.pk}/plan-d-action/", {"title": "Passer le permis"})
        objective = Objective.objects.get(jobseeker=person)
        client.post(f"/objectifs/{objective.pk}/etapes/", {"title": "S'inscrire au code", "due_on": "2027-03-01"})
        step = Step.objects.get()
        client.force_login(person.user)
        assert "S&#x27;inscrire au code" in client.get("/mon-espace/").content.decode()
        assert "Passer le permis" in client.get("/mon-accompagnement/").content.decode()
        for _ in range(2):
            answer = client.post(f"/etapes/{step.pk}/faite/", {"fait": "1"})
            assert answer.headers["Location"] == f"/mon-accompagnement/#etape-{step.pk}"
        step.refresh_from_db()
        assert step.done_by == person.user
        assert AuditEntry.objects.filter(jobseeker=person, details__event="step_done").count() == 1
        said = client.get("/mon-accompagnement/").content.decode()
        assert f'id="etape-{step.pk}"' in said
        assert "étape faite." in said
        assert "S&#x27;inscrire au code" not in client.get("/mon-espace/").content.decode()
        client.post(f"/etapes/{step.pk}/faite/", {"fait": "0"})
        step.refresh_from_db()
        assert step.done_at is None

    def test_what_is_late_says_so(self, client: Client, portfolio: Portfolio, person: Jobseeker, step: Step) -> None:
        client.force_login(portfolio.adviser.user)
        assert "en retard, pour le" in client.get(f"/personnes/{person.pk}/plan-d-action/").content.decode()
        client.force_login(person.user)
        assert "la date est passée" in client.get("/mon-accompagnement/").content.decode()

    def test_the_second_who_edits_a_step_is_told_and_loses_nothing(
        self, client: Client, portfolio: Portfolio, step: Step
    ) -> None:
        seen = {"seen": shown_line(step).token}
        action_plan.change_step(
            actor=portfolio.adviser.user,
            step=step,
            facts=StepFacts(title="Choisir une auto-école"),
            seen=shown_line(step).state,
        )
        client.force_login(portfolio.adviser.user)
        response = client.post(f"/etapes/{step.pk}/", {**seen, "title": "Réviser le code", "due_on": ""})
        page = response.content.decode()
        assert response.status_code == 409
        for part in ("a changé pendant que vous écriviez", "Choisir une auto-école", "Réviser le code"):
            assert part in page
        step.refresh_from_db()
        assert step.title == "Choisir une auto-école"
        again = {"seen": shown_line(step).token, "title": "Réviser le code", "due_on": ""}
        assert client.post(f"/etapes/{step.pk}/", again).status_code == 302
        step.refresh_from_db()
        assert step.title == "Réviser le code"

    def test_the_same_change_sent_twice_is_no_conflict(self, client: Client, portfolio: Portfolio, step: Step) -> None:
        typed = {"seen": shown_line(step).token, "title": "Réviser le code", "due_on": ""}
        client.force_login(portfolio.adviser.user)
        for _ in range(2):
            assert client.post(f"/etapes/{step.pk}/", typed).status_code == 302
        assert AuditEntry.objects.filter(details__event="step_changed").count() == 1

    def test_a_step_that_comes_after_the_end_says_why_and_stays_typed(
        self, client: Client, portfolio: Portfolio, step: Step
    ) -> None:
        client.force_login(portfolio.adviser.user)
        client.post(f"/objectifs/{step.objective_id}/clore/")
        answer = client.post(f"/objectifs/{step.objective_id}/etapes/", {"title": "Passer l'examen"})
        page = unescape(answer.content.decode())
        assert answer.status_code == 409
        assert "Cet objectif est clos. Rouvrez-le d'abord" in page
        assert 'value="Passer l\'examen"' in page
        assert client.post(f"/objectifs/{step.objective_id}/rouvrir/").status_code == 302
        answer = client.post(f"/objectifs/{step.objective_id}/etapes/", {"title": "Passer l'examen"})
        assert answer.status_code == 302
        assert Step.objects.filter(title="Passer l'examen").exists()

    def test_an_objective_opens_again_while_there_is_room(
        self, client: Client, portfolio: Portfolio, person: Jobseeker, step: Step
    ) -> None:
        actor, objective = portfolio.adviser.user, step.objective
        action_plan.close_objective(actor=actor, objective=objective)
        others = [
            action_plan.add_objective(actor=actor, jobseeker=person, title=f"Objectif {number}")
            for number in range(action_plan.MOST_OPEN_OBJECTIVES)
        ]
        with pytest.raises(DomainError, match="dix objectifs"):
            action_plan.reopen_objective(actor=actor, objective=objective)
        action_plan.close_objective(actor=actor, objective=others[0])
        for _ in range(2):
            assert action_plan.reopen_objective(actor=actor, objective=objective).closed_at is None
        assert AuditEntry.objects.filter(details__event="objective_reopened").count() == 1

    def test_an_objective_is_renamed_and_the_second_is_told(
        self, client: Client, portfolio: Portfolio, step: Step
    ) -> None:
        url = f"/objectifs/{step.objective_id}/"
        client.force_login(portfolio.adviser.user)
        assert "Passer le permis" in client.get(url).content.decode()
        seen = {"seen": shown_line(step.objective).token}
        for _ in range(2):
            answer = client.post(url, {**seen, "title": "Passer le permis B", "due_on": "2027-07-01"})
            assert answer.status_code == 302
        assert AuditEntry.objects.filter(details__event="objective_changed").count() == 1
        late = client.post(url, {**seen, "title": "Apprendre à conduire", "due_on": ""})
        assert late.status_code == 409
        for part in ("a changé pendant que vous écriviez", "Passer le permis B", "Apprendre à conduire"):
            assert part in late.content.decode()
        assert client.post(url, {**seen, "title": " "}).status_code == 422

    def test_a_step_leaves_the_plan_until_it_is_done(
        self, client: Client, portfolio: Portfolio, person: Jobseeker, step: Step
    ) -> None:
        client.force_login(portfolio.adviser.user)
        url = f"/etapes/{step.pk}/retirer/"
        action_plan.tick_step(actor=person.user, step=step, done=True)
        assert url not in client.get(f"/etapes/{step.pk}/").content.decode()
        assert "Cette étape est faite" in unescape(client.post(url, follow=True).content.decode())
        assert Step.objects.filter(pk=step.pk).exists()
        action_plan.tick_step(actor=person.user, step=step, done=False)
        token = {FIELD: new_token(portfolio.adviser.user)}
        for _ in range(2):
            assert client.post(url, token).headers["Location"] == f"/personnes/{person.pk}/plan-d-action/"
        assert not Step.objects.filter(pk=step.pk).exists()
        assert AuditEntry.objects.filter(jobseeker=person, details__event="step_removed").count() == 1

    def test_a_closed_objective_takes_no_more(self, portfolio: Portfolio, step: Step) -> None:
        action_plan.close_objective(actor=portfolio.adviser.user, objective=step.objective)
        with pytest.raises(NotAllowedNowError, match="clos"):
            action_plan.tick_step(actor=portfolio.adviser.user, step=step, done=True)
        with pytest.raises(NotAllowedNowError, match="clos"):
            action_plan.add_step(
                actor=portfolio.adviser.user, objective=step.objective, facts=StepFacts(title="Encore")
            )

    def test_limits_are_said(self, portfolio: Portfolio, person: Jobseeker) -> None:
        actor = portfolio.adviser.user
        for number in range(action_plan.MOST_OPEN_OBJECTIVES):
            action_plan.add_objective(actor=actor, jobseeker=person, title=f"Objectif {number}")
        with pytest.raises(DomainError, match="dix objectifs"):
            action_plan.add_objective(actor=actor, jobseeker=person, title="Un de trop")
        with pytest.raises(DomainError, match="quelques mots"):
            action_plan.add_step(actor=actor, objective=Objective.objects.all()[0], facts=StepFacts(title=" "))

    def test_another_person_cannot_tick_it(self, client: Client, portfolio: Portfolio, step: Step) -> None:
        client.force_login(on_web_track(portfolio).user)
        assert client.post(f"/etapes/{step.pk}/faite/", {"fait": "1"}).status_code == 404
        step.refresh_from_db()
        assert step.done_at is None


class TestTimeline:
    def test_one_kind_alone(self, client: Client, portfolio: Portfolio, person: Jobseeker) -> None:
        notes.write_note(actor=portfolio.adviser.user, jobseeker=person, body=SECRET)
        client.force_login(portfolio.adviser.user)
        only = client.get(f"/personnes/{person.pk}/?fil=notes").context["timeline"]
        kinds = {event.kind for month in only.months for event in month.events}
        assert kinds == {TimelineKind.NOTE}
        everything = client.get(f"/personnes/{person.pk}/?fil=inconnu&avant=hier").context["timeline"]
        kinds = {event.kind for month in everything.months for event in month.events}
        assert {TimelineKind.NOTE, TimelineKind.TRACK, TimelineKind.PLAN, TimelineKind.INTERVIEW} <= kinds

    def test_stretches_follow_each_other_without_gap_or_double(self, portfolio: Portfolio, person: Jobseeker) -> None:
        for number in range(2 * PAGE + 5):
            Note.objects.create(
                jobseeker=person,
                author=portfolio.adviser.user,
                at=timezone.now() - timedelta(hours=number // 2),
                body=f"note {number}",
            )
        seen: list[str] = []
        before = None
        while True:
            stretch = timeline_of(person, kind=TimelineKind.NOTE, before=before)
            seen += [event.text for month in stretch.months for event in month.events]
            if stretch.older_than is None:
                break
            before = stretch.older_than
        assert sorted(seen) == sorted(f"note {number}" for number in range(2 * PAGE + 5))

    def test_a_kind_is_found_behind_a_page_of_others(self, portfolio: Portfolio, person: Jobseeker) -> None:
        """Kind: rows of the same table that are left out after they were counted."""
        moments = [(ContactNature.MESSAGE, number) for number in range(2 * PAGE)] + [
            (ContactNature.INTERVIEW, 5 * PAGE)
        ]
        for nature, hours in moments:
            Contact.objects.create(
                jobseeker=person,
                at=timezone.now() - timedelta(hours=hours),
                channel=Channel.VIDEO,
                nature=nature,
                author=portfolio.adviser.user,
            )
        months = timeline_of(person, kind=TimelineKind.INTERVIEW, before=None).months
        titles = [event.title for month in months for event in month.events]
        assert ContactNature.INTERVIEW.label in titles

    def test_covers_closed_objectives_device_tests_and_new_details_are_told(
        self, client: Client, portfolio: Portfolio, person: Jobseeker
    ) -> None:
        actor = portfolio.adviser.user
        cover = CoverFactory(portfolio=portfolio, starts_on=timezone.localdate(), ends_on=timezone.localdate())
        CoverFactory(portfolio=PortfolioFactory(agency=portfolio.agency))
        objective = action_plan.add_objective(actor=actor, jobseeker=person, title="Passer le permis")
        action_plan.close_objective(actor=actor, objective=objective)
        facts = details_of(person)
        change_details(actor=actor, jobseeker=person, seen=facts, typed={**facts, "phone": "+33612345678"})
        audit.record(
            actor=None, jobseeker=person, action=AuditAction.EQUIPMENT, event="device_check", carries_video=False
        )

        def told(kind: TimelineKind | None) -> set[str]:
            months = timeline_of(person, kind=kind, before=None).months
            events = [event for month in months for event in month.events]
            return {f"{event.title}\u00a0: {event.about}" if event.about else event.title for event in events}

        relay = f"Relais par {cover.colleague}, en l'absence {of_name(portfolio.adviser)}"
        assert {title for title in told(TimelineKind.TRACK) if title.startswith("Relais")} == {relay}
        assert "Objectif clos\u00a0: Passer le permis" in told(TimelineKind.PLAN)
        own = {"Fiche modifiée\u00a0: téléphone", "Test du matériel enregistré"}
        assert own == told(TimelineKind.OWN)
        assert own | {relay, "Objectif clos\u00a0: Passer le permis"} <= told(None)
        cover.cancelled_at = timezone.now()
        cover.save(update_fields=["cancelled_at"])
        assert relay not in told(None)
