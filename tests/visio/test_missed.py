"""An interview without anybody: noted with proof, told, explained, and only then decided by a named person."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import Channel, NotificationKind, ObligationState
from accompaniment.models import AuditEntry, LapseDelay, Notification, Obligation
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.rules.meanwhile import ChangedMeanwhileError
from caseload.services.moves.transfers import transfer_people
from messaging.services.delivery import letter_for
from tests.accompaniment.factories import RegionFactory, answer_delay
from tests.caseload.factories import CoverFactory, ManagerFactory, PortfolioFactory, on_web_track
from tests.visio.factories import (
    InterviewFactory,
    bookable_portfolio,
    due_obligation,
    first_slots,
    follower,
    missed_interview,
    noted_absence,
)
from visio.enums import AbsenceDecision, InterviewState
from visio.models import AbsenceAnswer, Interview, InterviewEvent
from visio.services.interviews import book_interview
from visio.services.missed import (
    decide_absence,
    explain_absence,
    let_pass,
    note_absence,
    note_told,
    shown_answers,
)

pytestmark = pytest.mark.django_db

WHY = "Vous n'avez pas donné d'explication."


def as_(client, user):
    client.force_login(user)
    return client


def texts(response):
    return response.content.decode().replace("\u00a0", " ").replace("&nbsp;", " ").replace("&#x27;", "'")


def letters(kind):
    return [letter_for(notification) for notification in Notification.objects.filter(kind=kind).order_by("pk")]


def decide(interview, decision=AbsenceDecision.KEPT, *, actor=None, reason=WHY, seen=0):
    return decide_absence(
        actor=actor or interview.adviser.user,
        interview=interview,
        decision=decision,
        reason=reason,
        seen={"answers": str(seen)},
    )


class TestNoting:
    @pytest.fixture
    def missed(self):
        answer_delay()
        return missed_interview()

    def test_with_proof_it_is_noted_and_nothing_is_decided(self, missed):
        note_absence(actor=missed.adviser.user, interview=missed)
        missed.refresh_from_db()
        assert (missed.state, missed.noted_by, missed.closed_by) == (InterviewState.NOTED, missed.adviser.user, None)
        assert missed.answer_by == timezone.localdate(missed.noted_at) + timedelta(days=15)
        assert Obligation.objects.get(pk=missed.obligation_id).state == ObligationState.DUE

    @pytest.mark.parametrize(
        ("facts", "reason"),
        [
            ({"convocation_delivered_at": None}, "convocation"),
            ({"technical_failure_at": timezone.now()}, "problème technique"),
            ({"arrived_at": timezone.now()}, "salle d'attente"),
            ({"obligation": None}, "pas obligatoire"),
        ],
    )
    def test_without_one_of_the_proofs_it_is_refused(self, missed, facts, reason):
        Interview.objects.filter(pk=missed.pk).update(**facts)
        with pytest.raises(NotAllowedNowError, match=reason):
            note_absence(actor=missed.adviser.user, interview=missed)
        missed.refresh_from_db()
        assert missed.state == InterviewState.BOOKED
        let_pass(actor=missed.adviser.user, interview=missed)
        missed.refresh_from_db()
        assert missed.state == InterviewState.EXCUSED

    def test_what_is_due_no_more_is_no_absence(self, missed):
        Obligation.objects.filter(pk=missed.obligation_id).update(
            state=ObligationState.WAIVED, waived_at=timezone.now(), waived_reason="Un appel en tient lieu"
        )
        with pytest.raises(NotAllowedNowError, match="pas obligatoire"):
            note_absence(actor=missed.adviser.user, interview=missed)

    def test_before_the_hour_it_is_refused(self, missed):
        Interview.objects.filter(pk=missed.pk).update(
            starts_at=timezone.now() + timedelta(minutes=5),
            ends_at=timezone.now() + timedelta(minutes=35),
            occupies_until=timezone.now() + timedelta(minutes=45),
        )
        # Kind: the room opens before the hour, and with it what only the hour makes true. Nobody is late yet.
        for close in (note_absence, let_pass):
            with pytest.raises(NotAllowedNowError, match="pas encore commencé"):
                close(actor=missed.adviser.user, interview=missed)

    def test_the_time_to_answer_is_data(self, missed):
        LapseDelay.objects.filter(state="absence").update(days=20)
        noted = note_absence(actor=missed.adviser.user, interview=missed)
        assert noted.answer_by == timezone.localdate(noted.noted_at) + timedelta(days=20)

    def test_without_a_time_to_answer_nothing_is_noted(self, missed):
        LapseDelay.objects.filter(state="absence").delete()
        with pytest.raises(NotAllowedNowError, match="Aucun délai"):
            note_absence(actor=missed.adviser.user, interview=missed)

    def test_the_person_is_told_by_e_mail_what_is_noted_and_until_when_to_answer(self, missed):
        noted = note_absence(actor=missed.adviser.user, interview=missed)
        [letter] = letters(NotificationKind.ABSENCE_NOTED)
        assert missed.adviser.user.full_name in letter.body
        assert "n'entraîne aucune sanction à elle seule" in letter.body
        assert reverse("explain_absence", args=[noted.pk]) in letter.body

    def test_a_letter_that_leaves_late_gives_its_days_back(self, missed):
        noted = note_absence(actor=missed.adviser.user, interview=missed)
        notification = Notification.objects.get(kind=NotificationKind.ABSENCE_NOTED)
        for days in (2, 5):
            with transaction.atomic():
                note_told(notification, noted.noted_at + timedelta(days=days))
        noted.refresh_from_db()
        assert noted.told_at == noted.noted_at + timedelta(days=2), "the first instant is kept"
        assert noted.answer_by == timezone.localdate(noted.noted_at) + timedelta(days=17)
        assert AuditEntry.objects.filter(details__event="absence_told").count() == 1


class TestExplaining:
    def test_the_person_explains_and_may_add_to_it_until_the_decision(self):
        noted = noted_absence()
        for text in ("Mon train a été supprimé.", "Voici le numéro du train."):
            explain_absence(actor=noted.jobseeker.user, interview=noted, text=text)
        noted.refresh_from_db()
        assert [answer.text for answer in noted.absence_answers.all()] == [
            "Mon train a été supprimé.",
            "Voici le numéro du train.",
        ]
        assert noted.answered_at == noted.absence_answers.all()[0].at
        decide(noted, AbsenceDecision.SET_ASIDE, seen=2)
        with pytest.raises(NotAllowedNowError, match="déjà prise"):
            explain_absence(actor=noted.jobseeker.user, interview=noted, text="Encore.")

    def test_nobody_else_explains_it(self):
        noted = noted_absence()
        with pytest.raises(NotAllowedNowError):
            explain_absence(actor=noted.adviser.user, interview=noted, text="Elle dormait.")
        assert not AbsenceAnswer.objects.exists()

    @pytest.mark.parametrize("text", ["", "  \n", "x" * 2001])
    def test_an_empty_or_endless_text_is_refused(self, text):
        noted = noted_absence()
        with pytest.raises(DomainError):
            explain_absence(actor=noted.jobseeker.user, interview=noted, text=text)

    def test_also_after_the_delay_while_nobody_has_decided(self):
        noted = noted_absence()
        with time_machine.travel(noted.answer_until + timedelta(days=1), tick=False):
            explain_absence(actor=noted.jobseeker.user, interview=noted, text="Désolé du retard.")
        noted.refresh_from_db()
        assert noted.answered_at


class TestDeciding:
    def test_never_before_the_person_was_heard(self):
        noted = noted_absence()
        with pytest.raises(NotAllowedNowError, match="peut encore s'expliquer"):
            decide(noted)
        explain_absence(actor=noted.jobseeker.user, interview=noted, text="J'avais oublié.")
        kept = decide(noted, seen=1)
        assert (kept.state, kept.closed_by) == (InterviewState.MISSED, noted.adviser.user)

    @pytest.mark.parametrize("told", [True, False])
    def test_or_had_the_whole_time_and_a_letter_that_arrived(self, told):
        noted = noted_absence(told=told)
        with time_machine.travel(noted.answer_until - timedelta(seconds=1), tick=False), pytest.raises(DomainError):
            decide(noted)
        with time_machine.travel(noted.answer_until, tick=False):
            if told:
                assert decide(noted).state == InterviewState.MISSED
            else:
                with pytest.raises(NotAllowedNowError, match="La remise de l'e-mail n'est pas confirmée"):
                    decide(noted)

    def test_nothing_is_decided_by_a_machine_when_the_time_is_over(self):
        noted = noted_absence()
        with time_machine.travel(noted.answer_until + timedelta(days=300), tick=False):
            noted.refresh_from_db()
        assert noted.state == InterviewState.NOTED
        assert not InterviewEvent.objects.filter(from_state=InterviewState.NOTED).exists()

    def test_in_the_persons_favour_at_any_time(self):
        assert decide(noted_absence(), AbsenceDecision.SET_ASIDE).state == InterviewState.EXCUSED

    def test_one_that_was_confirmed_can_be_set_aside_and_never_comes_back(self):
        noted = noted_absence()
        explain_absence(actor=noted.jobseeker.user, interview=noted, text="J'avais oublié.")
        decide(noted, seen=1)
        decide(noted, AbsenceDecision.SET_ASIDE, reason="Vous avez envoyé un justificatif.", seen=1)
        with pytest.raises(NotAllowedNowError, match="déjà décidée"):
            decide(noted, seen=1)
        decisions = InterviewEvent.objects.filter(interview=noted, from_state__in=["noted", "missed"]).order_by("pk")
        assert [(event.to_state, event.reason) for event in decisions] == [
            ("missed", WHY),
            ("excused", "Vous avez envoyé un justificatif."),
        ]

    def test_who_has_not_read_the_last_explanation_does_not_decide_over_it(self):
        noted = noted_absence()
        explain_absence(actor=noted.jobseeker.user, interview=noted, text="J'avais oublié.")
        explain_absence(actor=noted.jobseeker.user, interview=noted, text="Ma fille était à l'hôpital.")
        with pytest.raises(ChangedMeanwhileError):
            decide(noted, seen=1)
        assert decide(noted, seen=2).state == InterviewState.MISSED

    @pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
    def test_a_decision_says_why(self, reason):
        with pytest.raises(DomainError):
            decide(noted_absence(), AbsenceDecision.SET_ASIDE, reason=reason)

    def test_the_letter_says_what_why_who_and_how_to_contest(self, settings):
        settings.MEDIATOR_URL = "https://mediateur.example"
        noted = noted_absence()
        explain_absence(actor=noted.jobseeker.user, interview=noted, text="J'avais oublié.")
        decide(noted, seen=1)
        decide(noted, AbsenceDecision.SET_ASIDE, reason="Vous aviez prévenu l'accueil.", seen=1)
        kept, aside = letters(NotificationKind.ABSENCE_DECIDED)
        assert "votre absence est confirmée" in kept.subject
        for said in (WHY, noted.adviser.user.full_name, "aucune sanction à elle seule", "https://mediateur.example"):
            assert said in kept.body
        assert "ne compte pas" in aside.subject
        assert "Vous aviez prévenu l'accueil." in aside.body
        assert "sanction" not in aside.body


class TestWhoDecides:
    """The right is checked at the decision: whoever may act on the file at that time decides."""

    @pytest.fixture
    def noted(self):
        return noted_absence()

    def test_after_a_transfer_the_new_adviser_and_no_longer_the_one_who_noted_it(self, noted):
        beside = PortfolioFactory(agency=noted.adviser.agency)
        before = noted.adviser.user
        transfer_people(
            actor=ManagerFactory(regions=[noted.adviser.agency.region]).user,
            people=noted.jobseeker.placements.filter(ended_at=None),
            targets=[beside],
            reason="Départ",
        )
        noted.refresh_from_db()
        assert noted.state == InterviewState.NOTED
        with pytest.raises(NotAllowedNowError, match="portefeuilles"):
            decide(noted, AbsenceDecision.SET_ASIDE, actor=before)
        assert decide(noted, AbsenceDecision.SET_ASIDE, actor=beside.adviser.user).closed_by == beside.adviser.user

    def test_a_colleague_only_while_covering(self, noted):
        colleague = PortfolioFactory(agency=noted.adviser.agency).adviser
        with pytest.raises(NotAllowedNowError):
            decide(noted, AbsenceDecision.SET_ASIDE, actor=colleague.user)
        portfolio = noted.jobseeker.placements.get(ended_at=None).portfolio
        CoverFactory(portfolio=portfolio, colleague=colleague)
        assert decide(noted, AbsenceDecision.SET_ASIDE, actor=colleague.user).closed_by == colleague.user

    def test_a_manager_of_the_region_and_no_other(self, noted):
        for stranger in (ManagerFactory(regions=[RegionFactory()]).user, noted.jobseeker.user):
            with pytest.raises(NotAllowedNowError):
                decide(noted, AbsenceDecision.SET_ASIDE, actor=stranger)
        manager = ManagerFactory(regions=[noted.adviser.agency.region]).user
        assert decide(noted, AbsenceDecision.SET_ASIDE, actor=manager).closed_by == manager


class TestPages:
    def test_the_closing_page_says_why_not_and_then_notes(self, client):
        answer_delay()
        missed = missed_interview(convocation_delivered_at=None)
        url = reverse("interview_report", args=[missed.pk])
        as_(client, missed.adviser.user)
        assert "La remise de la convocation n'est pas confirmée" in texts(client.get(url))
        assert client.post(url, {"outcome": "noted"}).status_code == 409
        Interview.objects.filter(pk=missed.pk).update(convocation_delivered_at=missed.starts_at - timedelta(days=1))
        answer = client.post(url, {"outcome": "noted"}, follow=True)
        assert "rien n'est décidé" in texts(answer)

    def test_the_person_reads_it_in_the_space_and_answers(self, client):
        noted = noted_absence()
        as_(client, noted.jobseeker.user)
        url = reverse("explain_absence", args=[noted.pk])
        for page in ("panel_next_step", "my_interviews"):
            answer = texts(client.get(reverse(page)))
            assert f"{noted.adviser.user.full_name} a noté que vous n'étiez pas" in answer
            assert url in answer
        assert client.post(url, {"text": ""}).status_code == 422
        answer = texts(client.post(url, {"text": "Mon train a été supprimé."}, follow=True))
        assert "Votre explication est envoyée" in answer
        assert "Mon train a été supprimé." in answer

    def test_a_text_that_comes_after_the_decision_is_given_back(self, client):
        noted = noted_absence()
        decide(noted, AbsenceDecision.SET_ASIDE)
        answer = as_(client, noted.jobseeker.user).post(
            reverse("explain_absence", args=[noted.pk]), {"text": "Mon train a été supprimé."}
        )
        assert answer.status_code == 409
        assert "readonly>Mon train a été supprimé.</textarea>" in texts(answer)

    def test_the_person_reads_the_decision_and_how_to_contest(self, client):
        noted = noted_absence()
        explain_absence(actor=noted.jobseeker.user, interview=noted, text="J'avais oublié.")
        decide(noted, seen=1)
        page = texts(as_(client, noted.jobseeker.user).get(reverse("explain_absence", args=[noted.pk])))
        for said in (WHY, noted.adviser.user.full_name, "aucune sanction à elle seule", "vous pouvez saisir"):
            assert said in page
        assert "Absence confirmée" in texts(client.get(reverse("my_interviews")))

    def test_an_absence_is_decided_on_its_page(self, client):
        noted = noted_absence()
        as_(client, noted.adviser.user)
        url = reverse("decide_absence", args=[noted.pk])
        before = texts(client.get(url))
        assert 'value="missed"' not in before
        assert "La personne peut encore s'expliquer" in before
        seen = shown_answers(noted).token
        explain_absence(actor=noted.jobseeker.user, interview=noted, text="Mon train a été supprimé.")
        # The open page does not show the explanation yet.
        facts = {"decision": "missed", "reason": WHY}
        late = client.post(url, {**facts, "seen": seen})
        assert late.status_code == 409
        assert "Mon train a été supprimé." in texts(late)
        assert WHY in texts(late)
        seen = shown_answers(noted).token
        assert f'name="seen" value="{seen}"' in texts(late)
        assert client.post(url, {**facts, "seen": seen}).url == reverse("absences_to_decide")
        assert "<p>Absence confirmée.</p>" in texts(client.get(url))

    def test_what_can_be_decided_waits_on_the_day_page_and_on_the_persons(self, client):
        noted = noted_absence()
        as_(client, noted.adviser.user)
        panel, url = reverse("panel_absences"), reverse("decide_absence", args=[noted.pk])
        assert url not in texts(client.get(panel))
        assert url in texts(client.get(reverse("absences_to_decide")))
        assert url in texts(client.get(reverse("panel_person_interviews", args=[noted.jobseeker_id])))
        explain_absence(actor=noted.jobseeker.user, interview=noted, text="Mon train a été supprimé.")
        assert url in texts(client.get(panel))

    def test_answered_ones_come_first_then_those_whose_time_is_over(self, client):
        portfolio = bookable_portfolio()
        noted = []
        for number, person in enumerate([on_web_track(portfolio) for _ in range(3)]):
            one = noted_absence(person)
            Interview.objects.filter(pk=one.pk).update(answer_until=one.answer_until + timedelta(days=number))
            noted.append(one)
        explain_absence(actor=noted[2].jobseeker.user, interview=noted[2], text="Mon train a été supprimé.")
        found = Interview.objects.visible_to(portfolio.adviser.user).noted()
        assert [one.pk for one in found] == [noted[2].pk, noted[0].pk, noted[1].pk]


class TestConvocation:
    """A letter about a mandatory interview is a convocation; one about a voluntary appointment is not."""

    @pytest.fixture
    def person(self):
        return on_web_track(bookable_portfolio())

    def booked(self, person, obligation):
        return book_interview(
            actor=person.user,
            jobseeker=person,
            adviser=follower(person),
            starts_at=first_slots(person, obligation)[0],
            channel="video",
            obligation=obligation,
        )

    def test_a_mandatory_interview_is_convoked(self, person):
        self.booked(person, due_obligation(person))
        [letter] = letters(NotificationKind.INTERVIEW_BOOKED)
        assert letter.subject.startswith("Convocation à votre entretien du ")
        for said in ("est obligatoire", "vaut convocation", "Déplacez l'entretien", "Expliquez-le ensuite"):
            assert said in letter.body

    def test_an_appointment_taken_freely_is_an_appointment(self, person):
        self.booked(person, None)
        [letter] = letters(NotificationKind.INTERVIEW_BOOKED)
        assert letter.subject.startswith("Votre rendez-vous du ")
        assert "Vous avez rendez-vous avec" in letter.body
        for said in ("obligatoire", "onvocation"):
            assert said not in letter.subject + letter.body

    def test_an_appointment_taken_freely_leaves_another_way_to_close(self, client):
        interview = InterviewFactory(starts_at=timezone.now() - timedelta(minutes=40))
        url = reverse("interview_report", args=[interview.pk])
        as_(client, interview.adviser.user)
        assert "n'est pas obligatoire" in texts(client.get(url))
        assert client.post(url, {"outcome": "noted"}).status_code == 409
        assert client.post(url, {"outcome": "excused"}).status_code == 302
        interview.refresh_from_db()
        assert interview.state == InterviewState.EXCUSED


@pytest.mark.parametrize(
    ("facts", "may"), [({}, False), ({"channel": Channel.PHONE}, True), ({"phone_since": timezone.now()}, True)]
)
def test_who_was_not_in_the_room_cannot_say_who_came(facts: dict[str, Any], may: bool) -> None:
    """Kind: an absence that is noted by the one who was absent."""
    answer_delay()
    missed = missed_interview(adviser_arrived_at=None, **facts)
    if may:
        assert note_absence(actor=missed.adviser.user, interview=missed).state == InterviewState.NOTED
        return
    with pytest.raises(NotAllowedNowError, match="pas ouvert la salle"):
        note_absence(actor=missed.adviser.user, interview=missed)
