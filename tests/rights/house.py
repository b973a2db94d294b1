"""A person who has just been handed over from one adviser to another, and everybody who may want to act on the file."""

from dataclasses import dataclass
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accompaniment.enums import ContactNature
from accompaniment.models import Contact, Enrolment, Jobseeker, User
from accompaniment.services import action_plan, documents, notes, on_site_requests, plan_reviews
from accompaniment.services.enrolments import acceptance, interview
from caseload.models import Placement, Portfolio
from caseload.services.desk.saved_views import save_view
from caseload.services.moves.transfers import transfer_people
from messaging.models import Conversation
from messaging.services import replies
from tests.accompaniment.factories import AgencyFactory, JobseekerFactory, RegionFactory, answer_delay, reference
from tests.caseload.factories import CoverFactory, ManagerFactory, PortfolioFactory, on_web_track, volunteer
from tests.messaging.factories import ask
from visio.services.hours import give_usual_hours

ACTORS = (
    "owner",
    "other",
    "follower",
    "cover",
    "colleague",
    "former",
    "stranger",
    "manager",
    "other_manager",
    "national",
    "closed",
)
"""The person and another person; the adviser and the colleague who covers today; a colleague of the agency; the former
adviser, who may still read; an adviser of another region; the manager of the region, of another region, and of the
country; and a national manager whose account has just been closed."""

OWNER = {"owner"}
ADVISERS = {"follower", "cover"}
FILE = ADVISERS | {"manager", "national"}
AGENCY = {"follower", "cover", "colleague"}
REGION = {"manager", "national"}
COUNTRY = {"national"}
ALL = set(ACTORS)


@dataclass
class House:
    """A person who has just been handed over, with one object of each kind."""

    users: dict[str, User]
    person: Jobseeker
    portfolio: Portfolio
    beside: Portfolio
    former: Portfolio
    waiting: Enrolment
    asking: Jobseeker
    left: Jobseeker

    def one(self, model: Any, **facts: Any) -> Any:
        """Return the person's only row of a model."""
        return model.objects.get(**{"jobseeker": self.person, **facts})


def build_house() -> House:
    reference()
    answer_delay()
    here, elsewhere = RegionFactory(), RegionFactory()
    agency, near, far = AgencyFactory(region=here), AgencyFactory(region=here), AgencyFactory(region=elsewhere)
    portfolio, beside, covering = (PortfolioFactory(agency=agency) for _ in range(3))
    former, stranger = PortfolioFactory(agency=near), PortfolioFactory(agency=far)
    give_usual_hours([one.adviser for one in (portfolio, beside, covering, former, stranger)])
    manager, national, closed = ManagerFactory(regions=[here]), ManagerFactory(), ManagerFactory()
    person, other = on_web_track(former), on_web_track(stranger)
    Jobseeker.objects.filter(pk=person.pk).update(agency=agency)
    _one_of_everything(person, former)
    transfer_people(
        actor=manager.user,
        people=Placement.objects.open().filter(jobseeker=person),
        targets=[portfolio],
        reason="Congé parental",
        keep_reading=True,
    )
    CoverFactory(portfolio=portfolio, colleague=covering.adviser)
    left = on_web_track(beside)
    acceptance.leave_track(actor=left.user, jobseeker=left)
    notes.write_note(actor=portfolio.adviser.user, jobseeker=person, body="À revoir")
    save_view(actor=portfolio.adviser.user, name="Sans réponse", query="besoin=reponse")
    replies.add_reply(actor=portfolio.adviser.user, name="Relance", body="Bonjour {prenom}")
    replies.add_reply(actor=manager.user, agency=agency, name="Horaires", body="L'agence ouvre à 9 h.")
    waiting = volunteer(portfolio)
    interview.open_registration_interview(actor=portfolio.adviser.user, jobseeker=waiting.jobseeker)
    User.objects.filter(pk=closed.user_id).update(is_active=False)
    return House(
        users={
            "owner": person.user,
            "other": other.user,
            "follower": portfolio.adviser.user,
            "cover": covering.adviser.user,
            "colleague": beside.adviser.user,
            "former": former.adviser.user,
            "stranger": stranger.adviser.user,
            "manager": manager.user,
            "other_manager": ManagerFactory(regions=[elsewhere]).user,
            "national": national.user,
            "closed": closed.user,
        },
        person=Jobseeker.objects.select_related("user", "agency__departement__region").get(pk=person.pk),
        portfolio=portfolio,
        beside=beside,
        former=former,
        waiting=Enrolment.objects.get(pk=waiting.pk),
        asking=JobseekerFactory(agency=agency),
        left=left,
    )


def pdf() -> SimpleUploadedFile:
    return SimpleUploadedFile("cv.pdf", b"%PDF-1.7")


def _one_of_everything(person: Jobseeker, portfolio: Portfolio) -> None:
    now, adviser = timezone.now(), portfolio.adviser.user
    Conversation.objects.create(jobseeker=person)
    ask(person)
    on_site_requests.ask_on_site(actor=person.user, jobseeker=person)
    plan_reviews.ask_plan_change(actor=person.user, jobseeker=person, comment="Moins souvent")
    objective = action_plan.add_objective(actor=adviser, jobseeker=person, title="Passer le permis")
    action_plan.add_step(actor=adviser, objective=objective, facts=action_plan.StepFacts(title="S'inscrire"))
    documents.add_document(
        actor=person.user, jobseeker=person, title="CV", upload=SimpleUploadedFile("cv.pdf", b"%PDF-1.7")
    )
    Contact.objects.create(jobseeker=person, at=now, channel="phone", nature=ContactNature.INTERVIEW)
