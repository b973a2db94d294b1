"""One thread through the whole service, from loading the files to the report, each person in their own browser.

Three things cannot be waited for, so the test does them. It calls the worker's functions that deliver the outbox and
plan the interviews, in a thread of the test. It moves the booked interview to the present hour in the database. So the
test runs at any hour of any day: the slots are those that the adviser really offers on her next working days.
"""

import re
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.core.management import call_command
from django.utils import timezone
from playwright.sync_api import Page, expect

from accompaniment.enums import ContactNature, EnrolmentState, ObligationState, Track
from accompaniment.models import Accompaniment, Agency, Contact, Enrolment, Jobseeker, Obligation, OpeningHours
from accompaniment.rules.presentation import NATURES_TO_YOU
from accompaniment.rules.tracks import NOTED_CHANNELS
from accompaniment.services.reference import DATA, give_default_hours
from caseload.models import Placement, Portfolio
from messaging.models import Message
from messaging.services.delivery import deliver_due
from tests.accompaniment.factories import PASSWORD
from tests.caseload.factories import ManagerFactory
from tests.e2e.browser import expect_inside, forgive, log_in, tick
from tests.e2e.chat import aside
from tests.e2e.conftest import NewPage
from tests.e2e.room import KEEP_CONNECTIONS, sees_and_hears
from tests.e2e.server import LiveServer
from visio.models import Interview
from visio.rules.slots import LENGTH, OCCUPIED

pytestmark = pytest.mark.e2e


SAMPLE = DATA / "sample"
ADVISER, ADVISER_NAME = "samir.castaing11@agence.example", "Samir Castaing"
REGION = "Midi-Pyrénées"
FIRST, SECOND, REFUSED = "9047514G", "9300922M", "9451383F"
"""Identifiers of three volunteers of one agency in the sample."""
OWN_PASSWORD = "un mot de passe bien à moi"
FIRST_HALF = "?du=2014-01-01&au=2014-06-30"
"""The registration days of everybody in the sample, which are also the days of the volunteers' requests."""


def test_the_thread(new_page: NewPage, server: LiveServer, settings: LazySettings) -> None:
    settings.EMAIL_BACKEND = "messaging.services.mailbox.DemonstrationBackend"
    settings.PUBLIC_URL = server.url
    call_command("load_reference", verbosity=0)
    manager, adviser, jobseeker, rival = (new_page(permissions=["camera", "microphone"]) for _ in range(4))
    for page in (adviser, jobseeker):
        page.add_init_script(KEEP_CONNECTIONS)

    load_the_files(manager)
    activate(adviser, ADVISER)
    validate(adviser, FIRST)
    validate(adviser, SECOND)
    refuse(adviser, REFUSED)
    for page, identifier in ((jobseeker, FIRST), (rival, SECOND)):
        accept(page, identifier)
    talk(adviser, jobseeker)
    talk_without_websocket(new_page(), adviser)
    call_back(adviser, jobseeker)
    meeting = choose_slots(jobseeker, rival)
    meet(adviser, jobseeker, meeting)
    report(adviser, jobseeker, meeting)
    look_at_the_figures(manager)


def person_of(identifier: str) -> Jobseeker:
    return Jobseeker.objects.select_related("user").get(identifier=identifier)


def load_the_files(manager: Page) -> None:
    """A manager sees the regions with their opening days, loads three files and sees the rejected rows."""
    log_in(manager, ManagerFactory().user.email, PASSWORD)
    manager.goto("/pilotage/")
    expect(manager.get_by_role("row", name=re.compile(f"^{REGION}"))).to_contain_text("ouverture le 1er déc. 2013")
    manager.get_by_role("link", name="Réglages", exact=True).first.click()
    expect(manager.get_by_role("row", name=re.compile("Rhône-Alpes"))).to_contain_text("Sans date")
    for title, file in (("Agences", "agences"), ("Conseillers", "conseillers"), ("Inscriptions", "inscriptions")):
        manager.get_by_role("link", name="Imports", exact=True).first.click()
        manager.get_by_label(f"Fichier des {file}").set_input_files(SAMPLE / f"{file}.csv")
        manager.get_by_role("button", name=f"Charger : {title}").click()
        expect(manager.get_by_role("heading", level=1)).to_contain_text(f"Import : {title.lower()}")
    expect(manager.get_by_role("heading", name=re.compile("lignes? rejetées?$"))).to_be_visible()
    expect(manager.get_by_role("table", name="Lignes rejetées")).to_contain_text("identifiant")
    assert Enrolment.objects.filter(state=EnrolmentState.ASKED).count() > 3


def mailed_link(page: Page, recipient: str) -> str:
    """Deliver the outbox as the worker does, and return the newest link sent to a person, from the mailbox page."""
    aside(deliver_due)
    page.goto("/demonstration/courriels/")
    letter = page.locator("article", has_text=recipient).first
    link = letter.locator("a[href*='/activation/']").get_attribute("href")
    assert link
    return link


def activate(page: Page, email: str) -> None:
    """Follow the link in the e-mail and choose a password."""
    page.goto(mailed_link(page, email))
    for field in page.locator("input[type=password]").all():
        field.fill(OWN_PASSWORD)
    page.locator("main form button[type=submit]").click()
    expect_inside(page)


def open_interview(adviser: Page, identifier: str) -> None:
    """Open a person's registration interview from the list of volunteers, and fill in what both outcomes need."""
    adviser.get_by_role("link", name=re.compile("^Inscriptions")).first.click()
    adviser.get_by_role("link", name=person_of(identifier).full_name).click()
    tick(adviser.get_by_label("J'ai vérifié l'identité"))
    adviser.get_by_label("Situation et projet").fill("Cherche un poste d'assistante.")
    choose(adviser, "Modalité", "Guidé")
    choose(adviser, "Webcam", "Oui")
    choose(adviser, "À l'aise", "Oui")


def choose(page: Page, question: str, answer: str | re.Pattern[str]) -> None:
    tick(page.get_by_role("radiogroup", name=question).get_by_role("radio", name=answer))


def validate(adviser: Page, identifier: str) -> None:
    """Decide the tier, check the equipment and validate; the person is placed in a portfolio with room."""
    open_interview(adviser, identifier)
    mine = Portfolio.objects.get(adviser__user__email=ADVISER, modality="guide_web")
    occupied = mine.occupied
    choose(adviser, "Parcours", re.compile(r"^100\s% web"))
    choose(adviser, "Portefeuille", ADVISER_NAME)
    adviser.get_by_role("button", name="Conclure l'entretien").click()
    expect(adviser.get_by_role("heading", level=1)).to_contain_text("100 % web validé")
    mine.refresh_from_db()
    assert mine.occupied == occupied + 1
    assert Placement.objects.open().get(jobseeker__identifier=identifier).portfolio == mine


def refuse(adviser: Page, identifier: str) -> None:
    """Refuse with a reason."""
    open_interview(adviser, identifier)
    choose(adviser, "Parcours", re.compile("^En agence"))
    choose(adviser, "Motif", "Besoin d'un accompagnement")
    adviser.get_by_role("button", name="Conclure l'entretien").click()
    expect(adviser.get_by_role("heading", level=1)).to_contain_text("100 % web refusé")


def accept(page: Page, identifier: str) -> None:
    """Open the link, choose a password, read and accept; the web track begins."""
    person = person_of(identifier)
    assert Accompaniment.objects.current().get(jobseeker=person).track == Track.CLASSIC
    activate(page, person.email or "")
    page.get_by_role("link", name="Lire et accepter le 100 % web").click()
    tick(page.get_by_label("J'ai lu ce texte"))
    page.get_by_role("button", name="J'accepte le 100 % web").click()
    expect(page.get_by_role("main")).to_contain_text("votre 100 % web a commencé")
    assert Accompaniment.objects.current().get(jobseeker=person).track == Track.WEB


def write(page: Page, text: str) -> None:
    page.get_by_label("Votre message").fill(text)
    page.get_by_label("Votre message").press("Enter")


def expect_shown(page: Page, *bodies: str) -> None:
    expect(page.locator(".message__body")).to_have_text(list(bodies))


def talk(adviser: Page, jobseeker: Page) -> None:
    """Each sees the other's message without a reload. A cut connection loses nothing and sends nothing twice."""
    person = person_of(FIRST)
    # Without hours, what the adviser writes leaves at once, at whatever hour this runs.
    OpeningHours.objects.all().delete()
    jobseeker.goto("/messagerie/")
    adviser.goto(f"/messagerie/avec/{person.pk}/")
    write(jobseeker, "Bonjour")
    expect_shown(adviser, "Bonjour")
    write(adviser, "Bonjour, bienvenue")
    expect_shown(jobseeker, "Bonjour", "Bonjour, bienvenue")

    forgive(jobseeker, "ERR_INTERNET_DISCONNECTED", "WebSocket", "console: htmx:")
    jobseeker.context.set_offline(True)
    jobseeker.evaluate("document.querySelector('conversation-thread').link.line.socket.close()")
    write(jobseeker, "Écrit pendant la coupure")
    write(adviser, "Manqué pendant la coupure")
    expect_shown(adviser, "Bonjour", "Bonjour, bienvenue", "Manqué pendant la coupure")
    # The adviser's own screen shows a message before the server has stored it.
    expect(adviser.locator("[data-state]").last).to_have_text("Envoyé")
    jobseeker.context.set_offline(False)
    everything = ("Bonjour", "Bonjour, bienvenue", "Manqué pendant la coupure", "Écrit pendant la coupure")
    for page in (jobseeker, adviser):
        expect_shown(page, *everything)
    stored = Message.objects.filter(conversation__jobseeker=person).order_by("number")
    assert list(stored.values_list("number", "body")) == list(enumerate(everything, start=1))


def talk_without_websocket(page: Page, adviser: Page) -> None:
    """If websockets are blocked, the same form posts over HTTP, and the other side still sees the message."""
    person = person_of(SECOND)
    forgive(page, "WebSocket")
    page.add_init_script("window.WebSocket = class { constructor() { throw new Error('blocked'); } };")
    log_in(page, person.email or "", OWN_PASSWORD)
    page.goto("/messagerie/")
    adviser.goto(f"/messagerie/avec/{person.pk}/")
    write(page, "Par le formulaire")
    expect_shown(adviser, "Par le formulaire")
    assert Message.objects.filter(conversation__jobseeker=person).count() == 1


def call_back(adviser: Page, jobseeker: Page) -> None:
    """The jobseeker asks for a call-back; the adviser sees the request and marks it done."""
    give_default_hours(list(Agency.objects.all()))
    jobseeker.goto("/rappels/demander/")
    tick(jobseeker.get_by_role("radio", name="Une formation"))
    tick(jobseeker.get_by_role("group", name="Quand vous joindre").get_by_role("checkbox").first)
    jobseeker.get_by_label("Numéro à appeler").fill("04 65 71 12 34")
    jobseeker.get_by_label("Précision").fill("La session de mars")
    jobseeker.get_by_role("button", name="Demander cet appel").click()
    expect(jobseeker.get_by_role("heading", name="Votre demande est enregistrée")).to_be_visible()
    adviser.get_by_role("link", name=re.compile("^Rappels")).first.click()
    expect(adviser.get_by_text("La session de mars")).to_be_visible()
    adviser.get_by_role("link", name="Rappeler").click()
    adviser.get_by_label("Ce qui a été dit ou convenu").fill("Inscription confirmée.")
    adviser.get_by_role("button", name="Rappel effectué").click()
    expect(adviser.get_by_text("Inscription confirmée.")).to_be_visible()
    jobseeker.goto("/rappels/demander/")
    expect(jobseeker.get_by_role("button", name="Demander cet appel")).to_be_visible()


def choose_slots(jobseeker: Page, rival: Page) -> Interview:
    """The mandatory interview is planned. Two people want one slot: one gets it, the other is shown the next ones."""
    aside(lambda: call_command("plan_interviews", verbosity=0))
    for page in (jobseeker, rival):
        page.goto("/mes-entretiens/")
        page.get_by_role("link", name="Choisir un créneau").click()
        tick(page.get_by_role("radio", name="visio"))
    wanted = rival.locator("input[name=slot]").first
    value = wanted.get_attribute("value") or ""
    tick(jobseeker.locator(f"input[name=slot][value='{value}']"))
    tick(wanted)
    jobseeker.get_by_role("button", name=re.compile("^Réserver .*, en visio$")).click()
    expect(jobseeker).to_have_url(re.compile("/mes-entretiens/$"))

    forgive(rival, "409")
    rival.locator(".slot-submit").get_by_role("button", name=re.compile("^Réserver .*, en visio$")).click()
    expect(rival.get_by_role("alert")).to_contain_text("Ce créneau vient d'être pris")
    expect(rival.locator(f"input[name=slot][value='{value}']")).to_be_disabled()
    tick(rival.locator("input[name=slot]:enabled").first)
    rival.locator(".slot-submit").get_by_role("button", name=re.compile("^Réserver .*, en visio$")).click()
    expect(rival).to_have_url(re.compile("/mes-entretiens/$"))
    first, second = (Interview.objects.live().get(jobseeker__identifier=who) for who in (FIRST, SECOND))
    assert first.starts_at.isoformat() == value
    assert second.starts_at != first.starts_at
    return first


def meet(adviser: Page, jobseeker: Page, meeting: Interview) -> None:
    """The room is closed until its time. Then both enter, the jobseeker once she is let in."""
    jobseeker.goto(f"/visio/{meeting.token}/")
    expect(jobseeker.get_by_role("button", name="Entrer")).to_have_count(0)
    start = timezone.now() + timedelta(minutes=2)
    Interview.objects.filter(pk=meeting.pk).update(
        starts_at=start, ends_at=start + LENGTH, occupies_until=start + OCCUPIED
    )
    jobseeker.goto("/mes-entretiens/")
    jobseeker.get_by_role("main").get_by_role("link", name="Rejoindre").first.click()
    expect(jobseeker.locator("[data-status]")).to_contain_text("n'est pas encore dans la salle")
    adviser.goto("/ma-journee/")
    adviser.get_by_role("link", name="Rejoindre").first.click()
    expect(jobseeker.locator("[data-status]")).to_have_text("Vous êtes dans la salle d'attente.")
    adviser.get_by_role("button", name="Faire entrer").click()
    for page in (adviser, jobseeker):
        sees_and_hears(page)
        expect(page.locator("[data-status]")).to_contain_text("Vous êtes en conversation avec")


def report(adviser: Page, jobseeker: Page, meeting: Interview) -> None:
    """The adviser closes the interview with a report. The obligation is held, and the journal has all four contacts."""
    adviser.get_by_role("button", name="Terminer l'appel").click()
    adviser.get_by_role("dialog").get_by_role("button", name="Terminer l'appel").click()
    adviser.get_by_role("link", name="Rédiger le compte rendu").click()
    tick(adviser.get_by_role("radio", name="L'entretien a eu lieu"))
    adviser.get_by_label("Conclusions").fill("Deux offres ciblées, CV à revoir.")
    adviser.get_by_label("Suite", exact=True).select_option("continue")
    tick(adviser.get_by_role("radio", name="Convient encore"))
    adviser.get_by_role("button", name="Conclure l'entretien").click()
    expect(adviser.get_by_role("heading", name="Entretien terminé")).to_be_visible()
    assert Obligation.objects.get(pk=meeting.obligation_id).state == ObligationState.HELD

    person = person_of(FIRST)
    by_the_service = [nature for nature in ContactNature if nature not in NOTED_CHANNELS]
    assert set(Contact.objects.filter(jobseeker=person).values_list("nature", flat=True)) == set(by_the_service)
    # The jobseeker's page learns it in the room and shows the report by itself.
    expect(jobseeker.get_by_role("heading", name="Entretien terminé")).to_be_visible()
    jobseeker.goto("/mon-accompagnement/")
    adviser.goto(f"/personnes/{person.pk}/")
    for nature in by_the_service:
        for page, words in ((jobseeker, NATURES_TO_YOU[nature]), (adviser, nature.label)):
            expect(page.get_by_role("main").get_by_text(words).first).to_be_attached()
    expect(jobseeker.get_by_text("Deux offres ciblées, CV à revoir.").first).to_be_attached()


def look_at_the_figures(manager: Page) -> None:
    """The dashboard shows for a region what the database holds."""
    here = {"jobseeker__agency__departement__region__name": REGION}
    web = Portfolio.objects.filter(agency__departement__region__name=REGION, modality="guide_web")
    occupied, capacity = (sum(web.values_list(column, flat=True)) for column in ("occupied", "capacity"))
    manager.goto("/pilotage/")
    cells = figures_of(manager, REGION)
    held = Contact.objects.filter(**here, nature=ContactNature.INTERVIEW)
    assert cells[1:] == [
        str(Enrolment.objects.filter(**here, validated_at__isnull=False).count()),
        str(Enrolment.objects.filter(**here, state=EnrolmentState.REFUSED).count()),
        str(Accompaniment.objects.current().filter(**here, track=Track.WEB).count()),
        str(web.count()),
        f"{occupied} / {capacity}",
        "0",
        str(held.filter(channel="video").count()),
        "0",
        "0",
        str(held.count()),
    ]
    assert cells[1:4] == ["2", "1", "2"]
    manager.goto(f"/pilotage/{FIRST_HALF}")
    assert figures_of(manager, REGION)[0] == str(Enrolment.objects.filter(**here).count())
    expect(manager.get_by_text("Sans date d'ouverture et sans activité")).to_contain_text("Rhône-Alpes")
    call_command("check_invariants")


def figures_of(manager: Page, region: str) -> list[str]:
    cells = manager.get_by_role("row", name=re.compile(f"^{region}")).first.get_by_role("cell").all_inner_texts()
    return [" ".join(cell.split()) for cell in cells]
