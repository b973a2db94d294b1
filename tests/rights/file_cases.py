"""Acts in a person's file, and at the registration interview."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import Bandwidth, Channel, ContactNature, Initiator, Tier
from accompaniment.models import (
    Contact,
    Document,
    Note,
    Objective,
    OnSiteRequest,
    PlanRequest,
    RegistrationInterview,
    Step,
)
from accompaniment.services import (
    action_plan,
    contact_details,
    documents,
    equipment,
    notes,
    on_site_requests,
    plan_reviews,
    plans,
    registration,
)
from accompaniment.services.enrolments import acceptance, interview, publishing, tiers
from caseload.services.file import contacts
from caseload.services.registration import decisions
from tests.accompaniment.factories import JobseekerFactory
from tests.caseload.factories import (
    findings,
    volunteer,
)
from tests.rights.cases import ADVISERS, AGENCY, FILE, FOLLOWER, OWNER, A, C, Case, in_days
from tests.rights.house import House, pdf
from tests.visio.factories import due_obligation


def concluded(house: House) -> RegistrationInterview:
    """Return the registration interview of the waiting person, concluded by the agency's adviser."""
    found = RegistrationInterview.objects.get(jobseeker=house.waiting.jobseeker_id)
    return interview.conclude_registration_interview(
        actor=house.portfolio.adviser.user, interview=found, findings=findings()
    )


def standing_interview(house: House) -> RegistrationInterview:
    return RegistrationInterview.objects.get(jobseeker=house.waiting.jobseeker_id)


def contact_that_holds(house: House) -> tuple[Any, Contact]:
    obligation = due_obligation(house.person)
    return obligation, Contact.objects.get(jobseeker=house.person, nature=ContactNature.INTERVIEW)


def called(house: House) -> contacts.ContactFacts:
    """Return a telephone call of this minute."""
    return contacts.ContactFacts(
        at=timezone.now(), nature=ContactNature.CALL, began_by=Initiator.PERSON, minutes=5, text="Vu"
    )


FILE_CASES: dict[str, Case] = {
    # The file: notes, action plan, documents, details.
    f"{A}.notes.write_note": Case(
        ADVISERS, lambda h, actor, it: notes.write_note(actor=actor, jobseeker=h.person, body="Vu")
    ),
    f"{C}.file.contacts.note_contact": Case(
        ADVISERS, lambda h, actor, it: contacts.note_contact(actor=actor, jobseeker=h.person, facts=called(h))
    ),
    f"{A}.notes.withdraw_note": Case(FOLLOWER, lambda h, actor, it: notes.withdraw_note(actor=actor, note=h.one(Note))),
    f"{A}.action_plan.add_objective": Case(
        ADVISERS, lambda h, actor, it: action_plan.add_objective(actor=actor, jobseeker=h.person, title="Un CV")
    ),
    f"{A}.action_plan.close_objective": Case(
        ADVISERS, lambda h, actor, it: action_plan.close_objective(actor=actor, objective=h.one(Objective))
    ),
    f"{A}.action_plan.reopen_objective": Case(
        ADVISERS,
        lambda h, actor, it: action_plan.reopen_objective(actor=actor, objective=h.one(Objective)),
        lambda h: Objective.objects.update(closed_at=timezone.now()),
    ),
    f"{A}.action_plan.change_objective": Case(
        ADVISERS,
        lambda h, actor, it: action_plan.change_objective(
            actor=actor,
            objective=h.one(Objective),
            facts=action_plan.ObjectiveFacts(title="Autre chose"),
            seen={"title": "Passer le permis", "due_on": ""},
        ),
    ),
    f"{A}.action_plan.add_step": Case(
        ADVISERS,
        lambda h, actor, it: action_plan.add_step(
            actor=actor, objective=h.one(Objective), facts=action_plan.StepFacts(title="Réviser")
        ),
    ),
    f"{A}.action_plan.change_step": Case(
        ADVISERS,
        lambda h, actor, it: action_plan.change_step(
            actor=actor,
            step=Step.objects.get(),
            facts=action_plan.StepFacts(title="Réviser"),
            seen={"title": "S'inscrire", "due_on": ""},
        ),
    ),
    f"{A}.action_plan.tick_step": Case(
        OWNER | ADVISERS, lambda h, actor, it: action_plan.tick_step(actor=actor, step=Step.objects.get(), done=True)
    ),
    f"{A}.action_plan.remove_step": Case(
        ADVISERS, lambda h, actor, it: action_plan.remove_step(actor=actor, step=Step.objects.get())
    ),
    f"{A}.documents.add_document": Case(
        OWNER | ADVISERS,
        lambda h, actor, it: documents.add_document(actor=actor, jobseeker=h.person, title="CV", upload=pdf()),
    ),
    f"{A}.documents.remove_document": Case(
        OWNER | ADVISERS, lambda h, actor, it: documents.remove_document(actor=actor, document=h.one(Document))
    ),
    f"{A}.contact_details.change_details": Case(
        ADVISERS,
        lambda h, actor, it: contact_details.change_details(
            actor=actor,
            jobseeker=h.person,
            seen=contact_details.details_of(h.person),
            typed={**contact_details.details_of(h.person), "commune": "Colmar"},
        ),
    ),
    f"{A}.contact_details.change_phone": Case(
        OWNER | ADVISERS,
        lambda h, actor, it: contact_details.change_phone(actor=actor, jobseeker=h.person, phone="06 98 76 54 32"),
    ),
    f"{A}.contact_details.change_preferred_channel": Case(
        OWNER,
        lambda h, actor, it: contact_details.change_preferred_channel(actor=actor, jobseeker=h.person, channel="phone"),
    ),
    # Tier, track, plan.
    f"{A}.enrolments.tiers.change_tier": Case(
        FILE,
        lambda h, actor, it: tiers.change_tier(actor=actor, jobseeker=h.person, tier=Tier.RENFORCE, reason="Fragile"),
    ),
    f"{A}.enrolments.acceptance.accept_terms": Case(
        OWNER,
        lambda h, actor, it: acceptance.accept_terms(actor=actor, jobseeker=h.person, text=it),
        lambda h: publishing.publish_consent_text(
            actor=None, title="Titre", body="Nouveau texte", needs_acceptance=False, seen=None
        ),
    ),
    f"{A}.enrolments.acceptance.leave_track": Case(
        OWNER | ADVISERS, lambda h, actor, it: acceptance.leave_track(actor=actor, jobseeker=h.person)
    ),
    f"{A}.plans.change_plan": Case(
        ADVISERS,
        lambda h, actor, it: plans.change_plan(
            actor=actor,
            jobseeker=h.person,
            channel=Channel.PHONE,
            interval_days=60,
            reason="Convenu",
            review_on=in_days(60),
        ),
    ),
    f"{A}.plans.hold_obligation": Case(
        ADVISERS,
        lambda h, actor, it: plans.hold_obligation(actor=actor, obligation=it[0], contact=it[1]),
        contact_that_holds,
    ),
    f"{A}.plan_reviews.keep_plan": Case(
        ADVISERS,
        lambda h, actor, it: plan_reviews.keep_plan(actor=actor, jobseeker=h.person, next_review_on=in_days(60)),
    ),
    f"{A}.plan_reviews.call_review": Case(
        ADVISERS, lambda h, actor, it: plan_reviews.call_review(actor=actor, jobseeker=h.person)
    ),
    f"{A}.plan_reviews.decide_plan": Case(
        ADVISERS,
        lambda h, actor, it: plan_reviews.decide_plan(
            actor=actor, jobseeker=h.person, new_plan=None, reason="Gardons-le", review_on=in_days(60)
        ),
    ),
    f"{A}.plan_reviews.ask_plan_change": Case(
        OWNER,
        lambda h, actor, it: plan_reviews.ask_plan_change(actor=actor, jobseeker=h.person, comment="Plus souvent"),
        lambda h: plan_reviews.withdraw_plan_request(actor=h.person.user, request=h.one(PlanRequest)),
    ),
    f"{A}.plan_reviews.withdraw_plan_request": Case(
        OWNER, lambda h, actor, it: plan_reviews.withdraw_plan_request(actor=actor, request=h.one(PlanRequest))
    ),
    f"{A}.plan_reviews.answer_plan_request": Case(
        ADVISERS,
        lambda h, actor, it: plan_reviews.answer_plan_request(
            actor=actor, request=h.one(PlanRequest), accepted=False, answer="Gardons-le."
        ),
    ),
    # Meetings on site, equipment.
    f"{A}.on_site_requests.ask_on_site": Case(
        OWNER | ADVISERS,
        lambda h, actor, it: on_site_requests.ask_on_site(actor=actor, jobseeker=h.person, comment="Le matin"),
    ),
    f"{A}.on_site_requests.withdraw_on_site": Case(
        OWNER, lambda h, actor, it: on_site_requests.withdraw_on_site(actor=actor, request=h.one(OnSiteRequest))
    ),
    f"{A}.on_site_requests.answer_on_site": Case(
        ADVISERS,
        lambda h, actor, it: on_site_requests.answer_on_site(
            actor=actor, request=h.one(OnSiteRequest), answer="Venez mardi."
        ),
    ),
    f"{A}.equipment.record_device_check": Case(
        OWNER,
        lambda h, actor, it: equipment.record_device_check(
            actor=actor, jobseeker=h.person, camera=True, microphone=True, connection=Bandwidth.GOOD
        ),
    ),
    f"{A}.equipment.send_device_test_link": Case(
        AGENCY,
        lambda h, actor, it: equipment.send_device_test_link(actor=actor, jobseeker=it.jobseeker),
        lambda h: volunteer(h.portfolio, with_account=True),
    ),
    # The registration interview.
    f"{A}.enrolments.interview.open_registration_interview": Case(
        AGENCY,
        lambda h, actor, it: interview.open_registration_interview(actor=actor, jobseeker=h.asking),
    ),
    f"{A}.enrolments.interview.conclude_registration_interview": Case(
        AGENCY,
        lambda h, actor, it: interview.conclude_registration_interview(
            actor=actor, interview=standing_interview(h), findings=findings()
        ),
    ),
    f"{A}.enrolments.interview.ask_enrolment": Case(
        AGENCY, lambda h, actor, it: interview.ask_enrolment(actor=actor, jobseeker=h.asking, at_interview=True)
    ),
    f"{A}.enrolments.interview.validate_enrolment": Case(
        AGENCY,
        transaction.atomic(
            lambda h, actor, it: interview.validate_enrolment(actor=actor, enrolment=h.waiting, interview=it)
        ),
        concluded,
    ),
    f"{A}.enrolments.interview.refuse_enrolment": Case(
        AGENCY, lambda h, actor, it: interview.refuse_enrolment(actor=actor, enrolment=h.waiting, reason="ease")
    ),
    f"{A}.enrolments.interview.record_withdrawal": Case(
        AGENCY,
        lambda h, actor, it: interview.record_withdrawal(actor=actor, enrolment=h.waiting, interview=it),
        concluded,
    ),
    f"{A}.registration.save_draft": Case(
        AGENCY,
        lambda h, actor, it: registration.save_draft(actor=actor, enrolment=h.waiting, typed={"situation": "Seule"}),
    ),
    f"{A}.registration.add_email": Case(
        AGENCY,
        lambda h, actor, it: registration.add_email(actor=actor, jobseeker=it.jobseeker, email="zoe@exemple.fr"),
        lambda h: decisions.ask_at_interview(
            actor=h.portfolio.adviser.user, jobseeker=JobseekerFactory(agency=h.portfolio.agency, email=None)
        ),
    ),
    f"{C}.registration.decisions.ask_at_interview": Case(
        AGENCY, lambda h, actor, it: decisions.ask_at_interview(actor=actor, jobseeker=h.asking)
    ),
    f"{C}.registration.decisions.validate_at_interview": Case(
        AGENCY,
        lambda h, actor, it: decisions.validate_at_interview(
            actor=actor,
            enrolment=h.waiting,
            interview=standing_interview(h),
            findings=findings(),
            portfolio=h.portfolio,
        ),
    ),
    f"{C}.registration.decisions.refuse_at_interview": Case(
        AGENCY,
        lambda h, actor, it: decisions.refuse_at_interview(
            actor=actor,
            enrolment=h.waiting,
            interview=standing_interview(h),
            findings=findings(),
            reason="ease",
            comment="",
        ),
    ),
}
