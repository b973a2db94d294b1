"""Makes the people, places and texts of the ground floor, through the real services where there is one."""

from datetime import date, time, timedelta
from typing import Any

import factory
from django.db import transaction
from django.utils import timezone

from accompaniment.enums import Awaited, Bandwidth, Channel, EnrolmentState, Modality, Role, Tier, Track
from accompaniment.models import (
    Accompaniment,
    Agency,
    ConsentText,
    Departement,
    Enrolment,
    Jobseeker,
    LapseDelay,
    OpeningHours,
    PlanDefault,
    Region,
    User,
)
from accompaniment.services.enrolments.interview import ask_enrolment

PASSWORD = "une phrase assez longue"

OPENED_ON = date(2013, 12, 2)
"""The day on which the seven pilot regions opened."""


class Unused(str):
    """A code that no row has yet."""

    __slots__ = ()


class CodedFactory(factory.django.DjangoModelFactory):
    """A row with a code. A code that a test gives may be there already; then its row is returned."""

    class Meta:
        abstract = True

    @classmethod
    def _create(cls, model_class: type[Any], *args: Any, **kwargs: Any) -> Any:
        code = kwargs["code"]
        found = None if isinstance(code, Unused) else model_class.objects.filter(code=code).first()
        return found or model_class.objects.create(*args, **kwargs)


class RegionFactory(CodedFactory):
    """A region where the web track is open; `closed=True` for one without an opening day."""

    class Meta:
        model = Region

    class Params:
        closed = factory.Trait(web_opens_on=None)

    # The codes of real regions are numbers, so letters never collide with one.
    code = factory.Sequence(lambda n: Unused(f"{chr(65 + n // 26 % 26)}{chr(65 + n % 26)}"))
    name = factory.LazyAttribute(lambda region: f"Région {region.code}")
    web_opens_on = OPENED_ON
    timezone = "Europe/Paris"


class DepartementFactory(CodedFactory):
    class Meta:
        model = Departement

    # The codes of real départements begin with a number.
    code = factory.Sequence(lambda n: Unused(f"{chr(65 + n // 100 % 26)}{n % 100:02d}"))
    name = factory.LazyAttribute(lambda departement: f"Département {departement.code}")
    region = factory.SubFactory(RegionFactory)


OPENS_BY_DEFAULT = True
"""Whether new agencies have hours. Without, an adviser's message never waits, whatever the hour of a test."""


class AgencyFactory(CodedFactory):
    """An agency, open from Monday to Friday, 9 to 12 and 13 to 17 in its own zone. `region=` chooses its region."""

    class Meta:
        model = Agency
        skip_postgeneration_save = True

    class Params:
        region = factory.SubFactory(RegionFactory)

    code = factory.Sequence(lambda n: Unused(f"A{n:04d}"))
    name = factory.Sequence(lambda n: f"Agence {n:05d}")
    departement = factory.SubFactory(DepartementFactory, region=factory.SelfAttribute("..region"))
    address = "1 rue de la Gare"
    postal_code = "67000"
    commune = "Strasbourg"

    @factory.post_generation
    def hours(self, create: bool, extracted: bool | None, **kwargs: Any) -> None:
        """`hours=False` makes an agency without hours."""
        new = isinstance(self.code, Unused)
        opens = OPENS_BY_DEFAULT if extracted is None else extracted
        if create and opens and (new or not self.opening_hours.exists()):
            OpeningHours.objects.bulk_create(
                OpeningHours(agency=self, weekday=weekday, opens_at=opens_at, closes_at=closes_at)
                for weekday in range(5)
                for opens_at, closes_at in ((time(9), time(12)), (time(13), time(17)))
            )


class UserFactory(factory.django.DjangoModelFactory):
    """A jobseeker's account with the password `PASSWORD`; `role=` for another role."""

    class Meta:
        model = User

    email = factory.Sequence(lambda n: f"personne{n}@example.org")
    first_name = "Camille"
    last_name = factory.Sequence(lambda n: f"Durand{n:05d}")
    role = Role.JOBSEEKER

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **kwargs: Any) -> User:
        password = kwargs.pop("password", PASSWORD)
        return model_class.objects.create_user(kwargs.pop("email"), password, **kwargs)


class AdviserUserFactory(UserFactory):
    email = factory.Sequence(lambda n: f"conseiller{n}@agence.example")
    first_name = "Claude"
    last_name = factory.Sequence(lambda n: f"Martin{n:05d}")
    role = Role.ADVISER


class ManagerUserFactory(UserFactory):
    email = factory.Sequence(lambda n: f"responsable{n}@region.example")
    first_name = "Dominique"
    last_name = factory.Sequence(lambda n: f"Bernard{n:05d}")
    role = Role.MANAGER


class JobseekerFactory(factory.django.DjangoModelFactory):
    """A person with the current accompaniment that the database requires, made in one transaction.

    `tier` and `since` belong to this accompaniment. No account unless `with_account=True`.
    """

    class Meta:
        model = Jobseeker

    class Params:
        with_account = factory.Trait(
            user=factory.SubFactory(
                UserFactory,
                email=factory.SelfAttribute("..email"),
                first_name=factory.SelfAttribute("..first_name"),
                last_name=factory.SelfAttribute("..last_name"),
            )
        )

    identifier = factory.Sequence(lambda n: f"{n:07d}{chr(65 + n % 26)}")
    civility = "MME"
    first_name = "Alix"
    last_name = factory.Sequence(lambda n: f"Petit{n:05d}")
    birth_date = date(1985, 5, 17)
    email = factory.Sequence(lambda n: f"alix.petit{n}@example.org")
    phone = "+33639980001"
    postal_code = "67000"
    commune = "Strasbourg"
    rome = "M1607"
    agency = factory.SubFactory(AgencyFactory)
    registered_on = factory.LazyFunction(lambda: timezone.localdate() - timedelta(days=30))
    volunteers = True
    has_webcam = True
    bandwidth = Bandwidth.GOOD

    @classmethod
    def _create(cls, model_class: type[Jobseeker], *args: Any, **kwargs: Any) -> Jobseeker:
        tier = kwargs.pop("tier", Tier.GUIDE)
        since = kwargs.pop("since", None) or timezone.now() - timedelta(days=30)
        with transaction.atomic():
            person = model_class.objects.create(**kwargs)
            Accompaniment.objects.create(
                jobseeker=person, tier=tier, track=Track.CLASSIC, started_at=since, reason="Inscription"
            )
        return person


class EnrolmentFactory(factory.django.DjangoModelFactory):
    """A request for the web track that waits for its registration interview, made by the real service."""

    class Meta:
        model = Enrolment

    jobseeker = factory.SubFactory(JobseekerFactory)

    @classmethod
    def _create(cls, model_class: type[Enrolment], *args: Any, **kwargs: Any) -> Enrolment:
        return ask_enrolment(actor=kwargs.pop("actor", None), **kwargs)


class ConsentTextFactory(factory.django.DjangoModelFactory):
    """A text to accept, with the next version number."""

    class Meta:
        model = ConsentText

    version = factory.LazyFunction(lambda: ConsentText.objects.count() + 1)
    title = "Votre accompagnement 100 % web"
    body = "Vos entretiens se tiennent en visio, au téléphone ou par écrit.\n\nVous pouvez arrêter quand vous voulez."
    published_at = factory.LazyFunction(timezone.now)


class PlanDefaultFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = PlanDefault
        django_get_or_create = ("modality", "starts_on")

    modality = Modality.GUIDE_WEB
    starts_on = date(2013, 1, 1)
    channel = Channel.VIDEO
    interval_days = 28
    review_after_days = 180


def consent_text_in_force() -> ConsentText:
    """Return the text in force, published now if there is none."""
    return ConsentText.objects.order_by("-version").first() or ConsentTextFactory()


def plan_defaults() -> list[PlanDefault]:
    """Return the default plan of each modality; existing ones are kept."""
    cadences = {
        Modality.RENFORCE: (Channel.ON_SITE, 14, 90),
        Modality.GUIDE: (Channel.ON_SITE, 60, 180),
        Modality.GUIDE_WEB: (Channel.VIDEO, 28, 180),
        Modality.SUIVI: (Channel.PHONE, 90, 270),
    }
    found: dict[str, PlanDefault] = {}
    for default in PlanDefault.objects.order_by("modality", "starts_on"):
        found.setdefault(default.modality, default)
    missing = [
        PlanDefaultFactory.build(
            modality=modality, channel=channel, interval_days=interval_days, review_after_days=review_after_days
        )
        for modality, (channel, interval_days, review_after_days) in cadences.items()
        if modality not in found
    ]
    if missing:
        found |= {default.modality: default for default in PlanDefault.objects.bulk_create(missing)}
    return [found[modality] for modality in cadences]


def lapse_delays(days: int = 30) -> None:
    """Set the delays after which requests lapse, in days.

    A migration sets them, but tests that empty the tables lose them.
    """
    for state in (EnrolmentState.ASKED, EnrolmentState.VALIDATED):
        LapseDelay.objects.update_or_create(state=state, starts_on=date(2013, 1, 1), defaults={"days": days})


def answer_delay(days: int = 15) -> None:
    """Set the days to explain an absence, as the migration does."""
    LapseDelay.objects.update_or_create(state=Awaited.ABSENCE, starts_on=date(2013, 1, 1), defaults={"days": days})


def reference() -> None:
    """Make what every test of the whole thread needs: the text to accept and the plan defaults."""
    consent_text_in_force()
    plan_defaults()
