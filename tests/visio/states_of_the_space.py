"""The states in which a person can be on « Mon espace »."""

from collections.abc import Callable
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import Channel, Modality, RefusalReason
from accompaniment.models import Jobseeker
from accompaniment.services.enrolments.acceptance import accept_terms
from accompaniment.services.enrolments.interview import refuse_enrolment
from accompaniment.services.enrolments.lapses import lapse_if_due
from accompaniment.services.on_site_requests import ask_on_site
from caseload.enums import PlacementEnd
from caseload.models import Absence, Placement
from messaging.services.conversations import open_conversation
from tests.accompaniment.factories import (
    AgencyFactory,
    ConsentTextFactory,
    EnrolmentFactory,
    JobseekerFactory,
    consent_text_in_force,
    lapse_delays,
    reference,
)
from tests.caseload.factories import (
    CoverFactory,
    PortfolioFactory,
    follower,
    on_web_track,
    placed,
    validated,
)
from tests.messaging.factories import ask, say
from tests.visio.factories import InterviewFactory, bookable_portfolio, due_obligation, noted_absence

WRITE, CALL, BOOK, ON_SITE = "conversations", "ask_callback", "take_interview", "ask_on_site"
ALL = {WRITE, CALL, BOOK, ON_SITE}
MEANWHILE = "En attendant un conseiller, votre agence vous répond"
NOTHING = "Rien n'est à faire pour le moment"


def web(**portfolio: object) -> Jobseeker:
    return on_web_track(bookable_portfolio(**portfolio))


def classic() -> Jobseeker:
    return placed(bookable_portfolio(modality=Modality.GUIDE))


def nobodys(**person: object) -> Jobseeker:
    reference()
    return JobseekerFactory(with_account=True, **person)


def pending() -> Jobseeker:
    return EnrolmentFactory(jobseeker=nobodys()).jobseeker


def pending_and_followed() -> Jobseeker:
    reference()
    return EnrolmentFactory(jobseeker=classic()).jobseeker


def pending_and_accepted() -> Jobseeker:
    person = pending()
    accept_terms(actor=person.user, jobseeker=person, text=consent_text_in_force())
    return person


def to_accept() -> Jobseeker:
    reference()
    return validated(bookable_portfolio(), with_account=True).jobseeker


def web_without_adviser() -> Jobseeker:
    person = web()
    say(open_conversation(actor=person.user, jobseeker=person), follower(person))
    gone = {"ended_at": timezone.now(), "end_reason": PlacementEnd.REGION_CHANGED}
    Placement.objects.filter(jobseeker=person).update(**gone)
    return person


def refused() -> Jobseeker:
    portfolio = bookable_portfolio()
    reference()
    enrolment = EnrolmentFactory(jobseeker=JobseekerFactory(agency=portfolio.agency, with_account=True))
    refuse_enrolment(actor=portfolio.adviser.user, enrolment=enrolment, reason=RefusalReason.EQUIPMENT)
    return enrolment.jobseeker


def lapsed() -> Jobseeker:
    lapse_delays()
    person = nobodys()
    enrolment = EnrolmentFactory(jobseeker=person)
    with transaction.atomic():
        lapse_if_due(enrolment_pk=enrolment.pk, now=timezone.now() + timedelta(days=40))
    return person


def away_with_cover() -> Jobseeker:
    portfolio = bookable_portfolio()
    CoverFactory(portfolio=portfolio, colleague__user__last_name="Relais")
    return on_web_track(portfolio)


def away_without_cover() -> Jobseeker:
    person = web()
    today = timezone.localdate()
    adviser = follower(person).adviser
    Absence.objects.create(
        adviser=adviser,
        starts_on=today - timedelta(days=1),
        ends_on=today + timedelta(days=2),
        set_by=adviser.user,
        set_at=timezone.now(),
    )
    return person


def agency_that_never_opens() -> Jobseeker:
    return web(agency=AgencyFactory(hours=False))


def adviser_without_hours() -> Jobseeker:
    return on_web_track(PortfolioFactory())


def with_obligation() -> Jobseeker:
    person = web()
    due_obligation(person)
    return person


def with_obligation_and_no_slot() -> Jobseeker:
    person = adviser_without_hours()
    due_obligation(person)
    return person


def with_interview(channel: Channel = Channel.VIDEO) -> Jobseeker:
    starts_at = timezone.now() + timedelta(days=2)
    return InterviewFactory(jobseeker=web(), channel=channel, starts_at=starts_at).jobseeker


def with_interview_on_site() -> Jobseeker:
    return with_interview(Channel.ON_SITE)


def with_interview_by_phone() -> Jobseeker:
    return with_interview(Channel.PHONE)


def in_the_room() -> Jobseeker:
    return InterviewFactory(jobseeker=web()).jobseeker


def past_interview() -> Jobseeker:
    return InterviewFactory(jobseeker=web(), starts_at=timezone.now() - timedelta(days=2)).jobseeker


def absent() -> Jobseeker:
    return noted_absence().jobseeker


def asked_again() -> Jobseeker:
    person = web()
    ConsentTextFactory(body="## Ce qui change\n- Un point nouveau.")
    return person


def to_be_called() -> Jobseeker:
    person = web()
    ask(person)
    return person


def asked_on_site() -> Jobseeker:
    person = web()
    ask_on_site(actor=person.user, jobseeker=person)
    return person


def of_an_agency_without_number() -> Jobseeker:
    return nobodys(agency=AgencyFactory(phone=""))


STATES: list[tuple[Callable[[], Jobseeker], str, set[str]]] = [
    (pending, "Votre demande de 100 % web attend votre entretien d'inscription", {ON_SITE}),
    (pending_and_followed, "Votre demande de 100 % web attend votre entretien d'inscription", ALL),
    (pending_and_accepted, "Votre demande de 100 % web attend votre entretien d'inscription", {ON_SITE}),
    (to_accept, "Lire et accepter le 100 % web", ALL),
    (web, NOTHING, ALL),
    (web_without_adviser, NOTHING, {ON_SITE}),
    (classic, NOTHING, ALL),
    (nobodys, NOTHING, {ON_SITE}),
    (of_an_agency_without_number, NOTHING, {ON_SITE}),
    (refused, NOTHING, {ON_SITE}),
    (lapsed, NOTHING, {ON_SITE}),
    (away_with_cover, NOTHING, ALL),
    (away_without_cover, NOTHING, ALL),
    (agency_that_never_opens, NOTHING, {WRITE, BOOK, ON_SITE}),
    (adviser_without_hours, NOTHING, {WRITE, CALL, ON_SITE}),
    (with_obligation, "Choisissez l'heure de votre entretien", ALL),
    (with_obligation_and_no_slot, "Choisissez l'heure de votre entretien", {WRITE, CALL, ON_SITE}),
    (with_interview, "En visio avec", ALL),
    (with_interview_on_site, "En agence avec", ALL),
    (with_interview_by_phone, "Par téléphone avec", ALL),
    (in_the_room, "Rejoindre", ALL),
    (past_interview, "Votre entretien est passé", ALL),
    (absent, "Expliquez ce qui s'est passé", ALL),
    (asked_again, "Lire le nouveau texte du 100 % web", ALL),
    (to_be_called, "Un appel", ALL),
    (asked_on_site, NOTHING, ALL),
]
