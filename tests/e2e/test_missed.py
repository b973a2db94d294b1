"""An absence from a mandatory interview, in three browsers: noted, told, explained, decided and read."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accompaniment.enums import NotificationKind
from accompaniment.models import Jobseeker, Notification
from messaging.services.delivery import deliver_due
from tests.accompaniment.factories import answer_delay
from tests.caseload.factories import on_web_track
from tests.e2e.browser import forgive, look, step_inside, tick, toasts
from tests.e2e.chat import aside
from tests.visio.factories import bookable_portfolio, first_slots, follower, missed_interview
from visio.enums import InterviewState
from visio.models import Interview
from visio.reads.invariants import VISIO_CHECKS
from visio.services.interviews import book_interview

pytestmark = pytest.mark.e2e

NewPage = Callable[..., Page]


@pytest.fixture
def person(server: object) -> Jobseeker:
    answer_delay()
    return on_web_track(bookable_portfolio())


def test_who_is_convoked_and_not_there_is_told_and_heard_before_anybody_decides(
    new_page: NewPage, person: Jobseeker
) -> None:
    interview = missed_interview(person)
    adviser = interview.adviser.user
    desk = new_page()
    step_inside(desk, adviser)
    desk.goto(f"/agenda/{interview.pk}/compte-rendu/")
    tick(desk.get_by_role("radio", name="noter une absence"))
    look(desk)
    desk.get_by_role("button", name="Conclure l'entretien").click()
    expect(toasts(desk)).to_contain_text("L'absence est notée, rien n'est décidé.")
    look(desk)
    aside(deliver_due)
    assert Notification.objects.get(kind=NotificationKind.ABSENCE_NOTED).sent_at is not None

    desk.goto(f"/agenda/{interview.pk}/absence/")
    expect(desk.get_by_text("La personne peut encore s'expliquer")).to_be_visible()
    expect(desk.get_by_role("radio", name="Confirmer l'absence")).to_have_count(0)
    look(desk)

    space = new_page(width=390)
    step_inside(space, person.user)
    space.goto("/mon-espace/")
    expect(space.get_by_text(f"{adviser.full_name} a noté que vous n'étiez pas")).to_be_visible()
    look(space)
    space.get_by_role("link", name="Expliquer ce qui s'est passé").click()
    forgive(space, "422")
    space.get_by_role("button", name="Envoyer mon explication").press("Enter")
    expect(space.get_by_text("Écrivez ce qui s'est passé, même en une phrase.").last).to_be_visible()
    look(space)
    space.get_by_label("Ce qui s'est passé").fill("Mon train a été supprimé.")
    space.get_by_role("button", name="Envoyer mon explication").click()
    expect(toasts(space)).to_contain_text("Votre explication est envoyée")
    look(space)

    desk.goto("/ma-journee/")
    waiting = desk.locator("#panneau-absences")
    expect(waiting.get_by_role("link", name=person.full_name).first).to_be_visible()
    look(desk)
    waiting.get_by_role("link", name="Décider sur l'absence").click()
    expect(desk.get_by_text("Mon train a été supprimé.")).to_be_visible()
    tick(desk.get_by_role("radio", name="Confirmer l'absence"))
    desk.get_by_label("Pourquoi").fill("Vous n'avez pas prévenu.")
    look(desk)
    desk.get_by_role("button", name="Enregistrer la décision").click()
    expect(toasts(desk)).to_contain_text("La décision est enregistrée.")
    look(desk)

    space.goto(f"/mes-entretiens/{interview.pk}/absence/")
    expect(space.get_by_text("Votre absence est confirmée")).to_be_visible()
    expect(space.get_by_text("Vous n'avez pas prévenu.")).to_be_visible()
    expect(space.get_by_text("vous pouvez saisir")).to_be_visible()
    look(space)
    space.goto("/mes-entretiens/")
    look(space)

    # The person contests the decision, and it is later changed to « Sans suite ».
    desk.goto(f"/agenda/{interview.pk}/absence/")
    tick(desk.get_by_role("radio", name="Sans suite"))
    desk.get_by_label("Pourquoi").fill("Vous avez envoyé un justificatif.")
    desk.get_by_role("button", name="Enregistrer la décision").click()
    expect(toasts(desk)).to_contain_text("La décision est enregistrée.")
    assert Interview.objects.get(pk=interview.pk).state == InterviewState.EXCUSED
    assert [breach for check in VISIO_CHECKS for breach in check()] == []


def test_on_an_appointment_taken_freely_no_absence_can_be_noted(page: Page, person: Jobseeker) -> None:
    interview = book_interview(
        actor=person.user,
        jobseeker=person,
        adviser=follower(person),
        starts_at=first_slots(person)[0],
        channel="phone",
    )
    past = timezone.now() - timedelta(minutes=40)
    Interview.objects.filter(pk=interview.pk).update(
        starts_at=past, ends_at=past + timedelta(minutes=30), occupies_until=past + timedelta(minutes=40)
    )
    step_inside(page, interview.adviser.user)
    page.goto(f"/agenda/{interview.pk}/compte-rendu/")
    expect(page.get_by_text("Cet entretien n'est pas obligatoire")).to_be_visible()
    expect(page.get_by_role("radio", name="noter une absence")).to_be_disabled()
    look(page)
    tick(page.get_by_role("radio", name="La personne n'est pas venue, sans suite"))
    page.get_by_role("button", name="Conclure l'entretien").click()
    expect(toasts(page)).to_contain_text("sans suite pour la personne")
