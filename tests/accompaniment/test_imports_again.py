"""The file of jobseekers, loaded a second time: who volunteers, and what a later file may change."""

from datetime import date

import pytest

from accompaniment.enums import AuditAction, EnrolmentState, RefusalReason, Tier, Track
from accompaniment.models import (
    Accompaniment,
    Agency,
    AuditEntry,
    ContactPlan,
    Enrolment,
    Jobseeker,
)
from accompaniment.rules.tracks import not_eligible_reasons
from accompaniment.services.enrolments.interview import refuse_enrolment
from accompaniment.services.enrolments.tiers import change_tier
from accompaniment.services.imports import load_jobseekers
from tests.accompaniment.factories import (
    AdviserUserFactory,
    AgencyFactory,
    JobseekerFactory,
    RegionFactory,
    plan_defaults,
)
from tests.accompaniment.files import as_file, load, person, registration
from tests.caseload.factories import PortfolioFactory, follower, on_web_track, registrar, validated

pytestmark = pytest.mark.django_db


@pytest.fixture
def agency() -> Agency:
    """An agency of a region that opened in December 2013."""
    return AgencyFactory(code="67482", region=RegionFactory(web_opens_on=date(2013, 12, 1)))


@pytest.mark.parametrize("tier", Tier.values)
@pytest.mark.parametrize("opens_on", [None, date(2014, 2, 3), date(2014, 2, 4)])
@pytest.mark.parametrize("email", ["", "eloise.aubrac@courriel.example"])
def test_the_statement_decides_eligibility_as_the_rule_does(tier: str, opens_on: date | None, email: str) -> None:
    agency = AgencyFactory(region=RegionFactory(web_opens_on=opens_on))
    outcome = load(registration(agency, modalite=tier, email=email))
    reasons = not_eligible_reasons(tier=tier, opens_on=opens_on, day=date(2014, 2, 3), email=email)
    assert {key for key, count in outcome.not_eligible.items() if count} == set(reasons[:1])
    assert outcome.enrolment_requests == (0 if reasons else 1) == Enrolment.objects.count()


def test_who_does_not_volunteer_is_neither_enrolled_nor_counted(agency: Agency) -> None:
    outcome = load(registration(agency, volontaire_web="N"))
    assert (outcome.enrolment_requests, outcome.not_eligible.total()) == (0, 0)


def test_who_volunteers_later_is_enrolled_then(agency: Agency) -> None:
    load(registration(agency, volontaire_web="N"))
    outcome = load(registration(agency))
    assert (outcome.updated, outcome.enrolment_requests) == (1, 1)


def test_a_volunteer_whose_missing_address_comes_later_is_enrolled_then(agency: Agency) -> None:
    assert load(registration(agency, email="")).not_eligible["email"] == 1
    assert load(registration(agency)).enrolment_requests == 1


def test_a_volunteer_who_was_refused_is_not_enrolled_again_by_a_file(agency: Agency) -> None:
    load(registration(agency))
    enrolment = Enrolment.objects.get()
    refuse_enrolment(actor=registrar(enrolment.jobseeker), enrolment=enrolment, reason=RefusalReason.EQUIPMENT)
    outcome = load(registration(agency, commune="Colmar"))
    assert (outcome.updated, outcome.enrolment_requests, outcome.not_eligible.total()) == (1, 0, 0)


def test_a_changed_row_updates_the_person_and_says_which_fields(agency: Agency) -> None:
    load(registration(agency))
    actor = AdviserUserFactory()
    changed = registration(agency, nom="Belloc", telephone="", webcam="N")
    outcome = load_jobseekers(actor=actor, source=as_file(changed))
    assert (outcome.created, outcome.updated, outcome.unchanged) == (0, 1, 0)
    assert (person().last_name, person().phone, person().has_webcam) == ("Belloc", "", False)
    entry = AuditEntry.objects.get(action=AuditAction.UPDATED)
    assert entry.actor == actor
    assert set(entry.details["fields"]) == {"last_name", "phone", "has_webcam"}
    assert load(changed).unchanged == 1


def test_what_was_corrected_here_stands_until_the_source_changes_it(agency: Agency) -> None:
    load(registration(agency))
    Jobseeker.objects.update(email="nouvelle@courriel.example", commune="Colmar")
    outcome = load(registration(agency, commune="Sélestat"))
    assert outcome.updated == 1
    assert (person().email, person().commune) == ("nouvelle@courriel.example", "Sélestat")


def test_a_person_who_did_not_come_by_a_file_takes_everything_from_the_first(agency: Agency) -> None:
    JobseekerFactory(identifier="1234567A", agency=agency, email="autre@courriel.example", commune="Colmar")
    assert load(registration(agency)).updated == 1
    assert (person().email, person().commune) == ("eloise.aubrac@courriel.example", "Strasbourg")


def test_a_new_tier_ends_the_period_and_begins_another(agency: Agency) -> None:
    load(registration(agency, volontaire_web="N"))
    outcome = load(registration(agency, volontaire_web="N", modalite="suivi"))
    assert outcome.updated == 1
    before, after = Accompaniment.objects.filter(jobseeker=person())
    assert (before.tier, after.tier, after.ended_at) == (Tier.GUIDE, Tier.SUIVI, None)
    assert before.ended_at == after.started_at
    assert AuditEntry.objects.filter(action=AuditAction.ACCOMPANIMENT, details__tier="suivi").count() == 1
    assert not ContactPlan.objects.exists()
    assert load(registration(agency, volontaire_web="N", modalite="suivi")).unchanged == 1


def test_a_new_tier_renews_the_contact_plan_of_who_has_one(agency: Agency) -> None:
    plan_defaults()
    load(registration(agency, volontaire_web="N"))
    change_tier(actor=None, jobseeker=person(), tier=Tier.RENFORCE, reason="Décidé en entretien")
    load(registration(agency, volontaire_web="N", modalite="suivi"))
    old, new = ContactPlan.objects.filter(jobseeker=person()).order_by("pk")
    assert old.ended_on is not None
    assert (new.ended_on, new.channel) == (None, "phone")


def test_the_tier_that_an_adviser_decided_stands_while_the_source_says_the_same(agency: Agency) -> None:
    load(registration(agency))
    change_tier(actor=follower(person()), jobseeker=person(), tier=Tier.SUIVI, reason="Décidé en entretien")
    assert load(registration(agency)).unchanged == 1
    assert Accompaniment.objects.current().get().tier == Tier.SUIVI


@pytest.mark.parametrize("tier", ["guide", "suivi"])
def test_the_web_track_ends_with_the_tier_that_the_file_takes_away(tier: str) -> None:
    portfolio = PortfolioFactory()
    on_web_track(portfolio, identifier="1234567A", email="eloise.aubrac@courriel.example")
    load(registration(portfolio.agency))
    outcome = load(registration(portfolio.agency, modalite=tier))
    ends = tier != Tier.GUIDE
    assert (outcome.updated, outcome.warnings.total) == (int(ends), 0)
    assert outcome.changes() == {"tier_changes": int(ends), "web_ends": int(ends), "region_changes": 0}
    period = Accompaniment.objects.current().get()
    assert (period.tier, period.track) == (tier, Track.CLASSIC if ends else Track.WEB)
    assert Enrolment.objects.get().state == (EnrolmentState.ENDED if ends else EnrolmentState.ACTIVE)
    assert load(registration(portfolio.agency, modalite=tier)).unchanged == 1


def test_a_validated_enrolment_lapses_with_the_tier_and_one_that_waits_for_its_interview_stays(agency: Agency) -> None:
    portfolio = PortfolioFactory(agency=agency)
    load(registration(agency, identifiant="1111111A"), registration(agency, identifiant="2222222B", email="b@b.fr"))
    validated(portfolio, enrolment=Enrolment.objects.get(jobseeker=person("1111111A")))
    outcome = load(
        registration(agency, identifiant="1111111A", modalite="suivi"),
        registration(agency, identifiant="2222222B", email="b@b.fr", modalite="suivi"),
    )
    assert (outcome.warnings.total, outcome.changes()["web_ends"]) == (0, 1)
    assert set(Accompaniment.objects.current().values_list("tier", flat=True)) == {Tier.SUIVI}
    assert dict(Enrolment.objects.values_list("jobseeker__identifier", "state")) == {
        "1111111A": EnrolmentState.LAPSED,
        "2222222B": EnrolmentState.ASKED,
    }
