"""The data for the access tests: two regions with people in both, and one object of each kind."""

from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from uuid import uuid4

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accompaniment.enums import Channel
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
from messaging.models import Attachment, CallbackRequest, Conversation
from messaging.services.attachments import store
from messaging.services.posting import post_message
from messaging.services.replies import add_reply
from tests.accompaniment.factories import AgencyFactory, RegionFactory
from tests.caseload.factories import (
    AdviserFactory,
    CapacityFactory,
    ManagerFactory,
    PortfolioFactory,
    on_web_track,
    planned_absence,
    planned_transfer,
    volunteer,
)
from tests.messaging.factories import request_row
from tests.messaging.files import picture
from tests.visio.factories import InterviewFactory, due_obligation, first_slots, noted_absence
from visio.models import Interview, SlotOffer
from visio.services.hours import give_usual_hours
from visio.services.offers import offer_slots

ACTORS = ("anonymous", "owner", "other", "follower", "colleague", "stranger", "manager", "other_manager", "national")
"""Nobody; the person and another person; the person's adviser, a colleague of the agency and one of another region; the
manager of the region, of another region, and of the whole country."""


@dataclass
class House:
    """Two regions with people in both."""

    users: dict[str, User | None]
    owner: Jobseeker
    waiting: Enrolment
    conversation: Conversation
    attachment_pk: int
    callback: CallbackRequest
    interview: Interview
    later: Interview
    offer: SlotOffer
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
    reply_pk: int
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
        attachment_pk=_sent_file(portfolio.adviser.user, owner).pk,
        callback=CallbackRequest.objects.get(jobseeker=owner),
        interview=Interview.objects.get(jobseeker=owner, starts_at__gt=now, starts_at__lt=now + timedelta(hours=1)),
        later=Interview.objects.get(jobseeker=owner, starts_at__gt=now + timedelta(hours=1)),
        noted=noted_absence(owner),
        offer=_offered(owner, portfolio),
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
        reply_pk=add_reply(actor=portfolio.adviser.user, name="Relance", body="Bonjour {prenom}").pk,
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


def _followed(portfolio: Portfolio) -> Jobseeker:
    """Return a person of the portfolio who has one object of each kind."""
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
    request_row(person, starts_at=now, ends_at=now + timedelta(hours=3))
    OnSiteRequest.objects.create(jobseeker=person, asked_at=now)
    PlanRequest.objects.create(jobseeker=person, asked_at=now, comment="Moins souvent")
    Contact.objects.create(jobseeker=person, at=now, channel="chat", nature="message")
    objective = add_objective(actor=portfolio.adviser.user, jobseeker=person, title="Passer le permis")
    add_step(actor=portfolio.adviser.user, objective=objective, facts=StepFacts(title="S'inscrire"))
    add_document(actor=person.user, jobseeker=person, title="CV", upload=SimpleUploadedFile("cv.pdf", b"%PDF-1.7"))
    return person


def _offered(person: Jobseeker, portfolio: Portfolio) -> SlotOffer:
    """Return two free slots that the adviser has offered to the person."""
    return offer_slots(
        actor=portfolio.adviser.user,
        jobseeker=person,
        channel=Channel.VIDEO,
        slots=first_slots(person)[:2],
        text="Quand vous convient-il ?",
        client_id=uuid4(),
    )


def _sent_file(adviser: User, person: Jobseeker) -> Attachment:
    """Return a picture that the adviser has sent to the person."""
    conversation = Conversation.objects.get(jobseeker=person)
    file = store(actor=adviser, conversation=conversation, name="scan.png", source=BytesIO(picture("PNG")))
    post_message(actor=adviser, conversation=conversation, client_id=uuid4(), body="", attachments=[file.pk])
    return file


def _left(portfolio: Portfolio) -> Placement:
    """Return the last placement of a person who waits for an adviser."""
    person = on_web_track(portfolio)
    leave_track(actor=person.user, jobseeker=person)
    return Placement.objects.get(jobseeker=person)


def handed_over(house: House, *, keep_reading: bool) -> User:
    """Return the former adviser of the owner, whom a manager has handed over to the present adviser."""
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


def user_pk(house: House, name: str) -> int:
    user = house.users[name]
    assert user is not None
    return int(user.pk)
