"""Who may open what: every address and every socket, for nine people.

Outside the perimeter the answer is 404, inside it without the right 403. Each stranger has somebody of their own,
so that no answer comes from an empty house. An address that the table does not list fails.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from asgiref.sync import sync_to_async
from channels.routing import URLRouter
from django.contrib.auth.models import AnonymousUser
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.http import HttpResponseBase
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from accompaniment.models import (
    Contact,
    Document,
    Enrolment,
    Jobseeker,
    LapseDelay,
    OnSiteRequest,
    PlanRequest,
    Step,
    User,
)
from accompaniment.services.action_plan import StepFacts, add_objective, add_step
from accompaniment.services.documents import add_document
from accompaniment.services.enrolments.acceptance import leave_track
from accompaniment.services.notes import write_note
from caseload.enums import ImportKind, ImportState
from caseload.models import ImportRun, Placement, Portfolio, TransferBatch
from caseload.services.desk.saved_views import save_view
from caseload.services.moves.transfers import cancel_transfers, transfer_people
from config.routing import websocket_urlpatterns
from messaging.models import CallbackRequest, Conversation
from tests.accompaniment.factories import AgencyFactory, RegionFactory
from tests.caseload.factories import (
    AdviserFactory,
    CapacityFactory,
    CoverFactory,
    ManagerFactory,
    PortfolioFactory,
    on_web_track,
    planned_absence,
    planned_transfer,
    volunteer,
)
from tests.sessions import Socket, client_of
from tests.visio.factories import InterviewFactory, due_obligation, noted_absence
from visio.models import Interview
from visio.services.hours import give_usual_hours

ACTORS = ("anonymous", "owner", "other", "follower", "colleague", "stranger", "manager", "other_manager", "national")
"""Nobody; the person herself and another one; her adviser, a colleague of the agency and one of another region;
the manager of her region, of another one, and of the whole country."""


COLLEAGUE = ACTORS.index("colleague")


@dataclass
class House:
    """Two regions with people in both."""

    users: dict[str, User | None]
    owner: Jobseeker
    waiting: Enrolment
    conversation: Conversation
    callback: CallbackRequest
    interview: Interview
    later: Interview
    noted: Interview
    obligation_pk: int
    on_site: OnSiteRequest
    wish: PlanRequest
    contact_pk: int
    note_pk: int
    step: Step
    document_pk: int
    run: ImportRun
    left: Placement
    region: str
    batch_pk: int
    view_pk: int
    capacity_pk: int
    delay_pk: int
    portfolio_pk: int
    absence_pk: int
    cover_pk: int


def build_house() -> House:
    now = timezone.now()
    here, elsewhere = RegionFactory(), RegionFactory()
    agency, far_agency = AgencyFactory(region=here), AgencyFactory(region=elsewhere)
    portfolio, beside, far = (PortfolioFactory(agency=place) for place in (agency, agency, far_agency))
    give_usual_hours([portfolio.adviser, beside.adviser, far.adviser])
    owner, neighbour, other = (_followed(place) for place in (portfolio, beside, far))
    del neighbour
    volunteer(far)
    absence = planned_absence(portfolio, colleague=AdviserFactory(agency=agency))
    manager, other_manager = ManagerFactory(regions=[here]), ManagerFactory(regions=[elsewhere])
    return House(
        users={
            "anonymous": None,
            "owner": owner.user,
            "other": other.user,
            "follower": portfolio.adviser.user,
            "colleague": beside.adviser.user,
            "stranger": far.adviser.user,
            "manager": manager.user,
            "other_manager": other_manager.user,
            "national": ManagerFactory().user,
        },
        owner=owner,
        waiting=volunteer(portfolio),
        conversation=Conversation.objects.get(jobseeker=owner),
        callback=CallbackRequest.objects.get(jobseeker=owner),
        interview=Interview.objects.get(jobseeker=owner, starts_at__gt=now, starts_at__lt=now + timedelta(hours=1)),
        later=Interview.objects.get(jobseeker=owner, starts_at__gt=now + timedelta(hours=1)),
        noted=noted_absence(owner),
        obligation_pk=due_obligation(owner).pk,
        on_site=OnSiteRequest.objects.get(jobseeker=owner),
        wish=PlanRequest.objects.get(jobseeker=owner),
        contact_pk=Contact.objects.filter(jobseeker=owner).values_list("pk", flat=True)[0],
        note_pk=write_note(actor=portfolio.adviser.user, jobseeker=owner, body="À revoir").pk,
        step=Step.objects.get(objective__jobseeker=owner),
        document_pk=Document.objects.get(jobseeker=owner).pk,
        run=ImportRun.objects.create(
            kind=ImportKind.AGENCIES,
            filename="agences.csv",
            uploaded_by=manager.user,
            started_at=now,
            finished_at=now,
            state=ImportState.DONE,
            summary={"rows": 1, "created": 0, "updated": 0, "rejected": 1},
            rejected_csv="code;nom",
        ),
        region=here.code,
        left=_left(portfolio),
        view_pk=save_view(actor=portfolio.adviser.user, name="Sans réponse", query="besoin=reponse").pk,
        batch_pk=planned_transfer(owner, to=beside, decided_by=manager.user).pk,
        portfolio_pk=portfolio.pk,
        capacity_pk=CapacityFactory(
            agency=agency, value=200, starts_on=now.date() + timedelta(days=40), reason="Effectif", set_by=manager.user
        ).pk,
        delay_pk=LapseDelay.objects.create(
            state="asked", days=45, starts_on=now.date() + timedelta(days=40), reason="Été"
        ).pk,
        absence_pk=absence.pk,
        cover_pk=absence.covers.get().pk,
    )


def _user_pk(house: House, name: str) -> int:
    user = house.users[name]
    assert user is not None
    return int(user.pk)


def _followed(portfolio: Portfolio) -> Jobseeker:
    """Return a person of the portfolio who has one of everything."""
    now = timezone.now()
    person = on_web_track(portfolio)
    Conversation.objects.create(jobseeker=person)
    InterviewFactory(jobseeker=person)
    InterviewFactory(
        jobseeker=person,
        starts_at=now + timedelta(days=3),
        ends_at=now + timedelta(days=3, minutes=30),
        occupies_until=now + timedelta(days=3, minutes=40),
    )
    CallbackRequest.objects.create(
        jobseeker=person,
        subject="other",
        phone=person.phone,
        window_starts_at=now,
        window_ends_at=now + timedelta(hours=3),
        asked_at=now,
    )
    OnSiteRequest.objects.create(jobseeker=person, asked_at=now)
    PlanRequest.objects.create(jobseeker=person, asked_at=now, comment="Moins souvent")
    Contact.objects.create(jobseeker=person, at=now, channel="chat", nature="message")
    objective = add_objective(actor=portfolio.adviser.user, jobseeker=person, title="Passer le permis")
    add_step(actor=portfolio.adviser.user, objective=objective, facts=StepFacts(title="S'inscrire"))
    add_document(actor=person.user, jobseeker=person, title="CV", upload=SimpleUploadedFile("cv.pdf", b"%PDF-1.7"))
    return person


def _left(portfolio: Portfolio) -> Placement:
    """Return the last placement of a person who waits for an adviser."""
    person = on_web_track(portfolio)
    leave_track(actor=person.user, jobseeker=person)
    return Placement.objects.get(jobseeker=person)


Arguments = Callable[[House], tuple[Any, ...]]


@dataclass(frozen=True)
class Row:
    """What nine people get from one address, by GET and by an empty POST.

    `login`: sent to the log-in page. `>`: sent somewhere else. A number: that status.
    """

    get: str
    post: str
    args: Arguments = lambda house: ()


TABLE: dict[str, Row] = {
    "home": Row(
        "login > > > > > > > >",
        "login > > > > > > > >",
    ),
    "login": Row(
        "200 > > > > > > > >",
        "200 > > > > > > > >",
    ),
    "log_out": Row(
        "405 405 405 405 405 405 405 405 405",
        "> > > > > > > > >",
    ),
    "password_forgotten": Row(
        "200 200 200 200 200 200 200 200 200",
        "200 200 200 200 200 200 200 200 200",
    ),
    "password_forgotten_sent": Row(
        "200 200 200 200 200 200 200 200 200",
        "405 405 405 405 405 405 405 405 405",
    ),
    "first_access": Row(
        "200 200 200 200 200 200 200 200 200",
        "200 200 200 200 200 200 200 200 200",
    ),
    "first_access_sent": Row(
        "200 200 200 200 200 200 200 200 200",
        "405 405 405 405 405 405 405 405 405",
    ),
    "password_reset": Row(
        "410 410 410 410 410 410 410 410 410",
        "410 410 410 410 410 410 410 410 410",
        lambda house: (
            "MQ",
            "nobody",
        ),
    ),
    "activation": Row(
        "410 410 410 410 410 410 410 410 410",
        "410 410 410 410 410 410 410 410 410",
        lambda house: ("nobody",),
    ),
    "change_address": Row(
        "login 200 200 200 200 200 200 200 200",
        "login 422 422 422 422 422 422 422 422",
    ),
    "drop_address": Row(
        "login 405 405 405 405 405 405 405 405",
        "login > > > > > > > >",
    ),
    "confirm_address": Row(
        "410 410 410 410 410 410 410 410 410",
        "410 410 410 410 410 410 410 410 410",
        lambda house: ("nobody",),
    ),
    "password_change": Row(
        "login 200 200 200 200 200 200 200 200",
        "login 200 200 200 200 200 200 200 200",
    ),
    "accessibility": Row(
        "200 200 200 200 200 200 200 200 200",
        "405 405 405 405 405 405 405 405 405",
    ),
    "personal_data": Row(
        "200 200 200 200 200 200 200 200 200",
        "405 405 405 405 405 405 405 405 405",
    ),
    "legal_notice": Row(
        "200 200 200 200 200 200 200 200 200",
        "405 405 405 405 405 405 405 405 405",
    ),
    "space": Row(
        "login 200 200 403 403 403 403 403 403",
        "login 405 405 403 403 403 403 403 403",
    ),
    "ask_enrolment": Row(
        "login 405 405 403 403 403 403 403 403",
        "login > > 403 403 403 403 403 403",
    ),
    "acceptance": Row(
        "login 200 200 403 403 403 403 403 403",
        "login 422 422 403 403 403 403 403 403",
    ),
    "decline_enrolment": Row(
        "login 405 405 403 403 403 403 403 403",
        "login > > 403 403 403 403 403 403",
    ),
    "leave_track": Row(
        "login 200 200 403 403 403 403 403 403",
        "login > > 403 403 403 403 403 403",
    ),
    "certificate": Row(
        "login 200 404 200 404 404 200 404 200",
        "login 405 405 405 405 405 405 405 405",
        lambda house: (house.owner.consents.get().pk,),
    ),
    "my_accompaniment": Row(
        "login 200 200 403 403 403 403 403 403",
        "login 405 405 403 403 403 403 403 403",
    ),
    "ask_plan_change": Row(
        "login 200 200 403 403 403 403 403 403",
        "login 422 422 403 403 403 403 403 403",
    ),
    "withdraw_plan_wish": Row(
        "login 405 405 403 403 403 403 403 403",
        "login > 404 403 403 403 403 403 403",
        lambda house: (house.wish.pk,),
    ),
    "my_phone": Row(
        "login 200 200 403 403 403 403 403 403",
        "login 422 422 403 403 403 403 403 403",
    ),
    "own_data": Row(
        "login 200 200 403 403 403 403 403 403",
        "login 405 405 403 403 403 403 403 403",
    ),
    "my_day": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 405 405 405 405 405 405 405 405",
    ),
    "waiting_panel": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 405 405 405 405 405 405 405 405",
    ),
    "volunteers_panel": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 405 405 405 405 405 405 405 405",
    ),
    "my_portfolio": Row(
        "login 403 403 200 200 200 > > >",
        "login 405 405 405 405 405 405 405 405",
    ),
    "my_portfolio_export": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 405 405 405 405 405 405 405 405",
    ),
    "plan_many": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 403 403 422 422 422 403 403 403",
    ),
    "message_many": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 403 403 422 422 422 403 403 403",
    ),
    "saved_views": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 403 403 422 422 422 403 403 403",
    ),
    "saved_view": Row(
        "login 403 403 200 404 404 403 403 403",
        "login 403 403 422 404 404 403 403 403",
        lambda house: (house.view_pk,),
    ),
    "delete_saved_view": Row(
        "login 405 405 405 405 405 405 405 405",
        "login 403 403 > 404 404 403 403 403",
        lambda house: (house.view_pk,),
    ),
    "person": Row(
        "login 403 403 200 404 404 200 404 200",
        "login 405 405 405 405 405 405 405 405",
        lambda house: (house.owner.pk,),
    ),
    "person_details": Row(
        "login 405 405 405 405 405 405 405 405",
        "login 403 403 200 404 404 200 404 200",
        lambda house: (house.owner.pk,),
    ),
    "person_leaves": Row(
        "login 403 403 200 404 404 403 403 403",
        "login 403 403 > 404 404 403 403 403",
        lambda house: (house.owner.pk,),
    ),
    "person_plan": Row(
        "login 403 403 200 404 404 403 403 403",
        "login 403 403 422 404 404 403 403 403",
        lambda house: (house.owner.pk,),
    ),
    "hold_by_contact": Row(
        "login 403 403 405 405 405 403 403 403",
        "login 403 403 > 404 404 403 403 403",
        lambda house: (house.obligation_pk, house.contact_pk),
    ),
    "plans_panel": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 403 403 405 405 405 403 403 403",
    ),
    "tick_step": Row(
        "login 405 405 405 405 405 403 403 403",
        "login > 404 > 404 404 403 403 403",
        lambda house: (house.step.pk,),
    ),
    "own_documents": Row(
        "login 200 200 403 403 403 403 403 403",
        "login 422 422 403 403 403 403 403 403",
    ),
    "own_document": Row(
        "login 200 404 403 403 403 403 403 403",
        "login 405 405 403 403 403 403 403 403",
        lambda house: (house.document_pk,),
    ),
    "remove_document": Row(
        "login 200 404 200 404 404 403 403 403",
        "login > 404 > 404 404 403 403 403",
        lambda house: (house.document_pk,),
    ),
    "edit_details": Row(
        "login 403 403 200 404 404 403 403 403",
        "login 403 403 > 404 404 403 403 403",
        lambda house: (house.owner.pk,),
    ),
    "add_note": Row(
        "login 403 403 405 405 405 403 403 403",
        "login 403 403 422 404 404 403 403 403",
        lambda house: (house.owner.pk,),
    ),
    "withdraw_note": Row(
        "login 403 403 200 404 404 403 403 403",
        "login 403 403 > 404 404 403 403 403",
        lambda house: (house.note_pk,),
    ),
    "action_plan": Row(
        "login 403 403 200 404 404 403 403 403",
        "login 403 403 422 404 404 403 403 403",
        lambda house: (house.owner.pk,),
    ),
    "add_step": Row(
        "login 403 403 405 405 405 403 403 403",
        "login 403 403 422 404 404 403 403 403",
        lambda house: (house.step.objective_id,),
    ),
    "close_objective": Row(
        "login 403 403 405 405 405 403 403 403",
        "login 403 403 > 404 404 403 403 403",
        lambda house: (house.step.objective_id,),
    ),
    "reopen_objective": Row(
        "login 403 403 405 405 405 403 403 403",
        "login 403 403 > 404 404 403 403 403",
        lambda house: (house.step.objective_id,),
    ),
    "edit_objective": Row(
        "login 403 403 200 404 404 403 403 403",
        "login 403 403 422 404 404 403 403 403",
        lambda house: (house.step.objective_id,),
    ),
    "edit_step": Row(
        "login 403 403 200 404 404 403 403 403",
        "login 403 403 422 404 404 403 403 403",
        lambda house: (house.step.pk,),
    ),
    "remove_step": Row(
        "login 403 403 405 405 405 403 403 403",
        "login 403 403 > 404 404 403 403 403",
        lambda house: (house.step.pk,),
    ),
    "person_documents": Row(
        "login 403 403 200 404 404 200 404 200",
        "login 403 403 422 404 404 403 404 403",
        lambda house: (house.owner.pk,),
    ),
    "person_document": Row(
        "login 403 403 200 404 404 200 404 200",
        "login 403 403 405 405 405 405 405 405",
        lambda house: (house.document_pk,),
    ),
    "person_tier": Row(
        "login 403 403 200 404 404 200 404 200",
        "login 403 403 422 404 404 422 404 422",
        lambda house: (house.owner.pk,),
    ),
    "registrations": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 403 403 405 405 405 403 403 403",
    ),
    "record_wish": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 403 403 404 404 404 403 403 403",
    ),
    "registration": Row(
        "login 403 403 200 200 404 403 403 403",
        "login 403 403 422 422 404 403 403 403",
        lambda house: (house.waiting.pk,),
    ),
    "registration_draft": Row(
        "login 403 403 405 405 405 403 403 403",
        "login 403 403 > > 404 403 403 403",
        lambda house: (house.waiting.pk,),
    ),
    "registration_device_link": Row(
        "login 403 403 405 405 405 403 403 403",
        "login 403 403 > > 404 403 403 403",
        lambda house: (house.waiting.pk,),
    ),
    "registration_email": Row(
        "login 403 403 405 405 405 403 403 403",
        "login 403 403 422 422 404 403 403 403",
        lambda house: (house.waiting.pk,),
    ),
    "space_adviser_panel": Row(
        "login 200 200 403 403 403 403 403 403",
        "login 405 405 403 403 403 403 403 403",
    ),
    "steering": Row(
        "login 403 403 403 403 403 200 200 200",
        "login 405 405 405 405 405 405 405 405",
    ),
    "steering_export": Row(
        "login 403 403 403 403 403 200 200 200",
        "login 405 405 405 405 405 405 405 405",
    ),
    "waiting_list": Row(
        "login 403 403 200 200 200 200 200 200",
        "login 403 403 405 405 405 405 405 405",
    ),
    "place_person": Row(
        "login 403 403 200 200 404 200 404 200",
        "login 403 403 422 422 404 422 404 422",
        lambda house: (house.left.jobseeker_id,),
    ),
    "portfolios": Row(
        "login 403 403 403 403 403 200 200 200",
        "login 405 405 405 405 405 405 405 405",
    ),
    "teams": Row(
        "login 403 403 403 403 403 200 200 200",
        "login 405 405 405 405 405 405 405 405",
    ),
    "transfers": Row(
        "login 403 403 200 200 200 200 200 200",
        "login 405 405 405 405 405 405 405 405",
    ),
    "transfer_new": Row(
        "login 403 403 200 200 200 200 200 200",
        "login 403 403 422 422 422 422 422 422",
    ),
    "transfer": Row(
        "login 403 403 200 404 404 200 404 200",
        "login 405 405 405 405 405 405 405 405",
        lambda house: (house.batch_pk,),
    ),
    "cancel_transfer": Row(
        "login 405 405 405 405 405 405 405 405",
        "login 403 403 403 404 404 > 404 >",
        lambda house: (house.batch_pk,),
    ),
    "absences": Row(
        "login 403 403 200 200 200 200 200 200",
        "login 405 405 405 405 405 405 405 405",
    ),
    "declare_absence": Row(
        "login 403 403 200 200 200 > > >",
        "login 403 403 422 422 422 > > >",
    ),
    "absence": Row(
        "login 403 403 200 404 404 200 404 200",
        "login 405 405 405 405 405 405 405 405",
        lambda house: (house.absence_pk,),
    ),
    "end_absence": Row(
        "login 405 405 405 405 405 405 405 405",
        "login 403 403 > 404 404 > 404 >",
        lambda house: (house.absence_pk,),
    ),
    "extend_absence": Row(
        "login 403 403 200 404 404 200 404 200",
        "login 403 403 422 404 404 422 404 422",
        lambda house: (house.absence_pk,),
    ),
    "add_cover": Row(
        "login 405 405 405 405 405 405 405 405",
        "login 403 403 422 404 404 422 404 422",
        lambda house: (house.absence_pk,),
    ),
    "replace_cover": Row(
        "login 405 405 405 405 405 405 405 405",
        "login 403 403 422 404 404 422 404 422",
        lambda house: (house.absence_pk, house.cover_pk),
    ),
    "imports": Row(
        "login 403 403 403 403 403 200 200 200",
        "login 403 403 403 403 403 403 403 400",
    ),
    "import": Row(
        "login 403 403 403 403 403 200 404 200",
        "login 405 405 405 405 405 405 405 405",
        lambda house: (house.run.pk,),
    ),
    "confirm_import": Row(
        "login 405 405 405 405 405 405 405 405",
        "login 403 403 403 403 403 403 404 >",
        lambda house: (house.run.pk,),
    ),
    "import_rejected_rows": Row(
        "login 403 403 403 403 403 200 404 200",
        "login 405 405 405 405 405 405 405 405",
        lambda house: (house.run.pk,),
    ),
    "settings": Row(
        "login 403 403 403 403 403 200 200 200",
        "login 405 405 405 405 405 405 405 405",
    ),
    "capacities": Row(
        "login 403 403 403 403 403 200 200 200",
        "login 403 403 403 403 403 422 422 422",
    ),
    "cancel_capacity": Row(
        "login 405 405 405 405 405 405 405 405",
        "login 403 403 403 403 403 > 404 >",
        lambda house: (house.capacity_pk,),
    ),
    "consent_texts": Row(
        "login 403 403 403 403 403 200 200 200",
        "login 403 403 403 403 403 403 403 422",
    ),
    "invite": Row(
        "login 403 403 403 403 403 200 200 200",
        "login 403 403 403 403 403 422 422 422",
    ),
    "member": Row(
        "login 403 403 403 403 403 200 404 200",
        "login 403 403 403 403 403 422 404 422",
        lambda house: (_user_pk(house, "follower"),),
    ),
    "member_account": Row(
        "login 405 405 405 405 405 405 405 405",
        "login 403 403 403 403 403 409 404 409",
        lambda house: (_user_pk(house, "follower"), "fermer"),
    ),
    "member_address": Row(
        "login 405 405 405 405 405 405 405 405",
        "login 403 403 403 403 403 422 404 422",
        lambda house: (_user_pk(house, "follower"),),
    ),
    "hand_over": Row(
        "login 405 405 405 405 405 405 405 405",
        "login 403 403 403 403 403 422 404 422",
        lambda house: (_user_pk(house, "follower"), house.portfolio_pk),
    ),
    "lapse_delays": Row(
        "login 403 403 403 403 403 200 200 200",
        "login 403 403 403 403 403 403 403 422",
    ),
    "cancel_lapse_delay": Row(
        "login 405 405 405 405 405 405 405 405",
        "login 403 403 403 403 403 403 403 >",
        lambda house: (house.delay_pk,),
    ),
    "region_agencies": Row(
        "login 403 403 403 403 403 200 404 200",
        "login 405 405 405 405 405 405 405 405",
        lambda house: (house.region,),
    ),
    "agency_opening": Row(
        "login 403 403 403 403 403 200 404 200",
        "login 403 403 403 403 403 200 404 200",
        lambda house: (house.owner.agency.code,),
    ),
    "agency_phone": Row(
        "login 403 403 403 403 403 200 404 200",
        "login 403 403 403 403 403 > 404 >",
        lambda house: (house.owner.agency.code,),
    ),
    "region_opening": Row(
        "login 403 403 403 403 403 403 403 200",
        "login 403 403 403 403 403 403 403 200",
        lambda house: (house.region,),
    ),
    "conversations": Row(
        "login > > 200 200 200 403 403 403",
        "login 405 405 405 405 405 405 405 405",
    ),
    "conversation_with": Row(
        "login > 404 > 404 404 403 403 403",
        "login 405 405 405 405 405 405 405 405",
        lambda house: (house.owner.pk,),
    ),
    "conversation": Row(
        "login 200 404 200 404 404 403 403 403",
        "login 422 404 422 404 404 403 403 403",
        lambda house: (house.conversation.pk,),
    ),
    "conversation_messages": Row(
        "login 200 404 200 404 404 403 403 403",
        "login 405 405 405 405 405 405 405 405",
        lambda house: (house.conversation.pk,),
    ),
    "conversation_read": Row(
        "login 405 405 405 405 405 405 405 405",
        "login 400 404 400 404 404 403 403 403",
        lambda house: (house.conversation.pk,),
    ),
    "panel_to_answer": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 405 405 405 405 405 405 405 405",
    ),
    "panel_person_conversation": Row(
        "login 403 403 200 404 404 403 403 403",
        "login 405 405 405 405 405 405 405 405",
        lambda house: (house.owner.pk,),
    ),
    "space_messages_panel": Row(
        "login 200 200 403 403 403 403 403 403",
        "login 405 405 405 405 405 405 405 405",
    ),
    "callbacks": Row(
        "login > > 200 200 200 403 403 403",
        "login 405 405 405 405 405 405 405 405",
    ),
    "ask_callback": Row(
        "login 200 200 403 403 403 403 403 403",
        "login 422 422 403 403 403 403 403 403",
    ),
    "callback": Row(
        "login 403 403 200 404 404 403 403 403",
        "login 403 403 422 404 404 403 403 403",
        lambda house: (house.callback.pk,),
    ),
    "cancel_callback": Row(
        "login 405 405 405 405 405 405 405 405",
        "login > 404 403 403 403 403 403 403",
        lambda house: (house.callback.pk,),
    ),
    "gauges_panel": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 405 405 405 405 405 405 405 405",
    ),
    "panel_next_free": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 403 403 405 405 405 403 403 403",
    ),
    "panel_callbacks": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 405 405 405 405 405 405 405 405",
    ),
    "space_callback_panel": Row(
        "login 200 200 403 403 403 403 403 403",
        "login 405 405 405 405 405 405 405 405",
    ),
    "sent_emails": Row(
        "200 200 200 200 200 200 200 200 200",
        "405 405 405 405 405 405 405 405 405",
    ),
    "my_interviews": Row(
        "login 200 200 403 403 403 403 403 403",
        "login 405 405 403 403 403 403 403 403",
    ),
    "take_interview": Row(
        "login > > 403 403 403 403 403 403",
        "login 422 422 403 403 403 403 403 403",
    ),
    "choose_slot": Row(
        "login 200 404 403 403 403 403 403 403",
        "login 422 404 403 403 403 403 403 403",
        lambda house: (house.obligation_pk,),
    ),
    "move_interview": Row(
        "login 200 404 403 403 403 403 403 403",
        "login 422 404 403 403 403 403 403 403",
        lambda house: (house.later.pk,),
    ),
    "cancel_interview": Row(
        "login 200 404 403 403 403 403 403 403",
        "login > 404 403 403 403 403 403 403",
        lambda house: (house.later.pk,),
    ),
    "interview_band": Row(
        "login 200 200 200 200 200 200 200 200",
        "login 405 405 405 405 405 405 405 405",
    ),
    "panel_next_step": Row(
        "login 200 200 403 403 403 403 403 403",
        "login 405 405 403 403 403 403 403 403",
    ),
    "ask_on_site": Row(
        "login 200 200 403 403 403 403 403 403",
        "login > > 403 403 403 403 403 403",
    ),
    "withdraw_on_site": Row(
        "login 405 405 403 403 403 403 403 403",
        "login > 404 403 403 403 403 403 403",
        lambda house: (house.on_site.pk,),
    ),
    "agenda": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 403 403 405 405 405 403 403 403",
    ),
    "interview_report": Row(
        "login 403 403 200 404 404 403 403 403",
        "login 403 403 422 404 404 403 403 403",
        lambda house: (house.interview.pk,),
    ),
    "record_on_site": Row(
        "login 403 403 405 405 405 403 403 403",
        "login 403 403 > 404 404 403 403 403",
        lambda house: (house.owner.pk,),
    ),
    "left_interviews": Row(
        "login 403 403 403 403 403 200 404 200",
        "login 403 403 403 403 403 > 404 >",
        lambda house: (User.objects.get(pk=_user_pk(house, "follower")).adviser.pk,),
    ),
    "on_site_requests": Row(
        "login 403 403 200 200 200 200 200 200",
        "login 403 403 405 405 405 405 405 405",
    ),
    "answer_on_site": Row(
        "login 403 403 200 404 404 403 404 403",
        "login 403 403 422 404 404 403 404 403",
        lambda house: (house.on_site.pk,),
    ),
    "explain_absence": Row(
        "login 200 404 403 403 403 403 403 403",
        "login 422 404 403 403 403 403 403 403",
        lambda house: (house.noted.pk,),
    ),
    "absences_to_decide": Row(
        "login 403 403 200 200 200 200 200 200",
        "login 403 403 405 405 405 405 405 405",
    ),
    "decide_absence": Row(
        "login 403 403 200 404 404 200 404 200",
        "login 403 403 422 404 404 422 404 422",
        lambda house: (house.noted.pk,),
    ),
    "panel_absences": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 403 403 405 405 405 403 403 403",
    ),
    "panel_today": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 403 403 405 405 405 403 403 403",
    ),
    "panel_obligations": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 403 403 405 405 405 403 403 403",
    ),
    "panel_on_site": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 403 403 405 405 405 403 403 403",
    ),
    "panel_person_on_site": Row(
        "login 403 403 200 404 404 200 404 200",
        "login 403 403 405 405 405 405 405 405",
        lambda house: (house.owner.pk,),
    ),
    "book_for": Row(
        "login 403 403 200 404 404 403 403 403",
        "login 403 403 422 404 404 403 403 403",
        lambda house: (house.owner.pk,),
    ),
    "panel_person_interviews": Row(
        "login 403 403 200 404 404 200 404 200",
        "login 403 403 405 405 405 405 405 405",
        lambda house: (house.owner.pk,),
    ),
    "device_test": Row(
        "login 200 200 200 200 200 403 403 403",
        "login 405 405 405 405 405 403 403 403",
    ),
    "device_test_result": Row(
        "login 405 405 403 403 403 403 403 403",
        "login 422 422 403 403 403 403 403 403",
    ),
    "room": Row(
        "login 200 404 200 404 404 404 404 404",
        "login 405 405 405 405 405 405 405 405",
        lambda house: (house.interview.token,),
    ),
    "room_end": Row(
        "login 405 405 405 405 405 405 405 405",
        "login 409 404 409 404 404 404 404 404",
        lambda house: (house.interview.token,),
    ),
    "room_trouble": Row(
        "login 405 405 405 405 405 405 405 405",
        "login > 404 > 404 404 404 404 404",
        lambda house: (house.interview.token,),
    ),
    "room_phone": Row(
        "login 405 405 405 405 405 405 405 405",
        "login > 404 > 404 404 404 404 404",
        lambda house: (house.interview.token,),
    ),
    "room_number": Row(
        "login 405 405 403 403 403 403 403 403",
        "login > 404 403 403 403 403 403 403",
        lambda house: (house.interview.token,),
    ),
}


def addresses() -> Iterator[str]:
    """Yield the name of every address, the whole tree down; one without a name under its pattern."""

    def walk(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns)
            else:
                yield pattern.name or str(pattern.pattern)

    yield from walk(get_resolver().url_patterns)


def test_the_table_lists_every_address() -> None:
    names = list(addresses())
    assert len(names) == len(set(names))
    assert set(names) == set(TABLE)


def outcome(response: HttpResponseBase) -> str:
    if response.status_code in {301, 302, 303}:
        return "login" if response["Location"].startswith(reverse("login") + "?next=") else ">"
    return str(response.status_code)


PRIVATE = "private, no-store"
"""What every answer to somebody logged in says to browsers and caches: pages, parts, downloads, refusals."""


def ask(user: User | None, method: str, url: str) -> str:
    """Let somebody ask once, and take back whatever it changed; the answer to somebody is for nobody else."""
    client = client_of(user)
    with transaction.atomic():
        response = client.generic(method, url, content_type="application/x-www-form-urlencoded")
        answer = outcome(response)
        if user is not None:
            assert response.headers.get("Cache-Control") == PRIVATE, f"{method} {url}"
        if response.streaming:
            b"".join(response)
        transaction.set_rollback(True)
    return answer


@pytest.mark.django_db
def test_every_address() -> None:
    house = build_house()
    wrong = []
    for name, row in TABLE.items():
        url = reverse(name, args=row.args(house))
        for method, expected in (("GET", row.get), ("POST", row.post)):
            got = " ".join(ask(house.users[actor], method, url) for actor in ACTORS)
            if got != expected:
                wrong.append(f"{method} {name}\n  expected {expected}\n  got      {got}")
    assert not wrong, "\n" + "\n".join(wrong)


def test_outside_is_404_wherever_inside_opens_and_never_where_a_role_has_no_right() -> None:
    """What opens inside the perimeter is 404 outside it. A role without the right gets 403, in and out alike.

    So neither answer says whether a file exists: 404 is that of nothing, and 403 that of a role.
    """
    beside = {"manager": "other_manager", "follower": "stranger"}
    wrong = []
    for name, row in TABLE.items():
        if row.args is Row.args:
            continue
        for statuses in (row.get, row.post):
            got = dict(zip(ACTORS, statuses.split(), strict=True))
            for inside, outside in beside.items():
                opens = got[inside] in {"200", ">", "400", "409", "422"}
                allowed = {"404"} if opens else {got[inside], "404"} if got[inside] == "403" else {got[inside]}
                if got[outside] not in allowed:
                    wrong.append(f"{name}: {inside} {got[inside]}, {outside} {got[outside]}")
    assert wrong == []


@pytest.mark.django_db
def test_a_role_without_the_right_gets_the_same_answer_where_nothing_is() -> None:
    house = build_house()
    manager = house.users["manager"]
    for name, row in TABLE.items():
        managers = row.get.split()[ACTORS.index("manager") :]
        if row.args is Row.args or set(managers) != {"403"}:
            continue
        nowhere = [0 if isinstance(one, int) else one for one in row.args(house)]
        assert ask(manager, "GET", reverse(name, args=nowhere)) == "403", name


READ_BY_A_FORMER_ADVISER = {
    # GET and POST of who has handed the person over and may still read: what is not listed is as for a colleague.
    "certificate": "200 405",
    "person": "200 405",
    "person_details": "405 200",
    "conversation": "200 403",
    "conversation_with": "> 405",
    "conversation_messages": "200 405",
    "conversation_read": "405 403",
    "panel_person_conversation": "200 405",
    "panel_person_interviews": "200 405",
    "person_tier": "403 403",
    "tick_step": "405 403",
    "remove_document": "403 403",
    "edit_details": "403 403",
    "add_note": "405 403",
    "withdraw_note": "403 403",
    "action_plan": "403 403",
    "add_step": "405 403",
    "close_objective": "405 403",
    "book_for": "403 403",
    "reopen_objective": "405 403",
    "edit_objective": "403 403",
    "remove_step": "405 403",
    "edit_step": "403 403",
    "person_documents": "200 403",
    "person_document": "200 405",
    "person_plan": "403 403",
    "hold_by_contact": "405 403",
    "callback": "403 403",
    "answer_on_site": "403 403",
    "decide_absence": "403 403",
    "record_on_site": "405 403",
    "person_leaves": "403 403",
    "panel_person_on_site": "200 405",
}


AS_WHO_DOES_NOT_COVER = {
    "absence": "404 405",
    "end_absence": "405 404",
    "extend_absence": "404 404",
    "add_cover": "405 404",
    "replace_cover": "405 404",
}
"""The colleague of the table is going to cover an absence; who has handed the person over is not."""


def handed_over(house: House, *, keep_reading: bool) -> User:
    """Return the adviser of somebody of the agency whom a manager has given to the present adviser."""
    follower = Portfolio.objects.get(adviser__user=house.users["follower"])
    former = PortfolioFactory(agency=follower.agency)
    manager = house.users["manager"]
    assert manager is not None
    cancel_transfers(actor=manager, batch=TransferBatch.objects.get(pk=house.batch_pk))
    for source, target in ((follower, former), (former, follower)):
        transfer_people(
            actor=manager,
            people=Placement.objects.open().filter(jobseeker=house.owner, portfolio=source),
            targets=[target],
            reason="Retour",
            keep_reading=keep_reading and source == former,
        )
    return former.adviser.user


@pytest.mark.django_db
@pytest.mark.parametrize("keep_reading", [True, False])
def test_a_former_adviser_reads_for_a_while_and_does_nothing_else(keep_reading: bool) -> None:
    house = build_house()
    former = handed_over(house, keep_reading=keep_reading)
    wrong = []
    for name, row in TABLE.items():
        url = reverse(name, args=row.args(house))
        got = f"{ask(former, 'GET', url)} {ask(former, 'POST', url)}"
        expected = AS_WHO_DOES_NOT_COVER.get(name, f"{row.get.split()[COLLEAGUE]} {row.post.split()[COLLEAGUE]}")
        if keep_reading and name in READ_BY_A_FORMER_ADVISER:
            expected = READ_BY_A_FORMER_ADVISER[name]
        if got != expected:
            wrong.append(f"{name}: expected {expected}, got {got}")
    assert not wrong, "\n" + "\n".join(wrong)


NOT_BY_A_COVER = {
    # A note is taken back by who wrote it only.
    "withdraw_note": "> >",
    # GET and POST of who covers today, where they are the adviser's own affair: views, absences, transfers, and
    # the interviews that were not given to the colleague.
    "saved_view": "404 404",
    "delete_saved_view": "405 404",
    "transfer": "404 405",
    "cancel_transfer": "405 404",
    "absence": "404 405",
    "end_absence": "405 404",
    "extend_absence": "404 404",
    "add_cover": "405 404",
    "replace_cover": "405 404",
    "interview_report": "404 404",
    "room": "404 405",
    "room_end": "405 404",
    "room_trouble": "405 404",
    "room_phone": "405 404",
}


@pytest.mark.django_db
def test_a_covering_colleague_does_what_the_adviser_does() -> None:
    house = build_house()
    cover = CoverFactory(portfolio=Portfolio.objects.get(pk=house.portfolio_pk))
    PortfolioFactory(adviser=cover.colleague)
    follower = ACTORS.index("follower")
    wrong = []
    for name, row in TABLE.items():
        url = reverse(name, args=row.args(house))
        got = f"{ask(cover.colleague.user, 'GET', url)} {ask(cover.colleague.user, 'POST', url)}"
        expected = NOT_BY_A_COVER.get(name, f"{row.get.split()[follower]} {row.post.split()[follower]}")
        if got != expected:
            wrong.append(f"{name}: expected {expected}, got {got}")
    assert not wrong, "\n" + "\n".join(wrong)


@pytest.mark.django_db
def test_the_reading_ends_after_thirty_days() -> None:
    house = build_house()
    former = handed_over(house, keep_reading=True)
    url = reverse("person", args=[house.owner.pk])
    assert ask(former, "GET", url) == "200"
    with time_machine.travel(timezone.now() + timedelta(days=31), tick=False):
        assert ask(User.objects.get(pk=former.pk), "GET", url) == "404"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("keep_reading", "expected"), [(True, "open"), (False, "4404")])
async def test_the_conversations_socket_of_a_former_adviser(keep_reading: bool, expected: str) -> None:
    house = await sync_to_async(build_house)()
    former = await sync_to_async(handed_over)(house, keep_reading=keep_reading)
    assert await knock(former, f"/ws/messagerie/{house.conversation.pk}/") == expected


OPEN = "open"
PATIENCE = 10.0  # seconds

SOCKETS: dict[str, tuple[Callable[[House], str], str]] = {
    # Who is let in, and the code with which the others are closed. Before the door opens every code is an HTTP 403.
    "ws/messagerie/<int:pk>/": (
        lambda house: f"/ws/messagerie/{house.conversation.pk}/",
        "4401 open 4404 open 4404 4404 4404 4404 4404",
    ),
    "ws/bureau/": (
        lambda house: "/ws/bureau/",
        "4401 4404 4404 open open open 4404 4404 4404",
    ),
    "ws/visio/<str:token>/": (
        lambda house: f"/ws/visio/{house.interview.token}/",
        "4401 open 4403 open 4403 4403 4403 4403 4403",
    ),
}


def test_the_table_lists_every_socket() -> None:
    assert {str(pattern.pattern) for pattern in websocket_urlpatterns} == set(SOCKETS)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("route", SOCKETS)
async def test_every_socket(route: str) -> None:
    house = await sync_to_async(build_house)()
    path, expected = SOCKETS[route]
    got = [await knock(house.users[actor], path(house)) for actor in ACTORS]
    assert " ".join(got) == expected


async def knock(user: User | None, path: str) -> str:
    """Open a socket as this person and leave it again; return `open` or the code with which it was closed."""
    scope = {
        "type": "websocket",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
        "subprotocols": [],
        "user": user or AnonymousUser(),
    }
    socket = Socket(URLRouter(websocket_urlpatterns), scope)
    await socket.send_input({"type": "websocket.connect"})
    answer = await socket.receive_output(PATIENCE)
    if answer["type"] == "websocket.accept":
        await socket.send_input({"type": "websocket.disconnect", "code": 1001})
        await socket.wait(PATIENCE)
        return OPEN
    return str(answer.get("code", 1000))
