"""Makes the people, places and papers of the ground floor. Whatever has a service is made by that service."""

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


class RegionFactory(factory.django.DjangoModelFactory):
    """A region where the web track is open; `closed=True` for one that has no day of opening."""

    class Meta:
        model = Region
        django_get_or_create = ("code",)

    class Params:
        closed = factory.Trait(web_opens_on=None)

    # Codes of real regions are numbers, so letters never meet a loaded one.
    code = factory.Sequence(lambda n: f"{chr(65 + n // 26 % 26)}{chr(65 + n % 26)}")
    name = factory.LazyAttribute(lambda region: f"Région {region.code}")
    web_opens_on = OPENED_ON
    timezone = "Europe/Paris"


class DepartementFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Departement
        django_get_or_create = ("code",)

    code = factory.Sequence(lambda n: f"Z{n % 100:02d}")
    name = factory.LazyAttribute(lambda departement: f"Département {departement.code}")
    region = factory.SubFactory(RegionFactory)


class AgencyFactory(factory.django.DjangoModelFactory):
    """An agency, open from Monday to Friday, 9 to 12 and 13 to 17 in its own zone. `region=` says where."""

    class Meta:
        model = Agency
        django_get_or_create = ("code",)
        skip_postgeneration_save = True

    class Params:
        region = factory.SubFactory(RegionFactory)

    code = factory.Sequence(lambda n: f"A{n:04d}")
    name = factory.Sequence(lambda n: f"Agence {n}")
    departement = factory.SubFactory(DepartementFactory, region=factory.SelfAttribute("..region"))
    address = "1 rue de la Gare"
    postal_code = "67000"
    commune = "Strasbourg"

    @factory.post_generation
    def hours(self, create: bool, extracted: bool | None, **kwargs: Any) -> None:
        """`hours=False` makes an agency that never opens."""
        if create and extracted is not False and not self.opening_hours.exists():
            OpeningHours.objects.bulk_create(
                OpeningHours(agency=self, weekday=weekday, opens_at=opens_at, closes_at=closes_at)
                for weekday in range(5)
                for opens_at, closes_at in ((time(9), time(12)), (time(13), time(17)))
            )


class UserFactory(factory.django.DjangoModelFactory):
    """An account of a jobseeker whose password is `PASSWORD`; `role=` for another one."""

    class Meta:
        model = User

    email = factory.Sequence(lambda n: f"personne{n}@example.org")
    first_name = "Camille"
    last_name = factory.Sequence(lambda n: f"Durand{n}")
    role = Role.JOBSEEKER

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **kwargs: Any) -> User:
        password = kwargs.pop("password", PASSWORD)
        return model_class.objects.create_user(kwargs.pop("email"), password, **kwargs)


class AdviserUserFactory(UserFactory):
    email = factory.Sequence(lambda n: f"conseiller{n}@agence.example")
    first_name = "Claude"
    last_name = factory.Sequence(lambda n: f"Martin{n}")
    role = Role.ADVISER


class ManagerUserFactory(UserFactory):
    email = factory.Sequence(lambda n: f"responsable{n}@region.example")
    first_name = "Dominique"
    last_name = factory.Sequence(lambda n: f"Bernard{n}")
    role = Role.MANAGER


class JobseekerFactory(factory.django.DjangoModelFactory):
    """A person with the current accompaniment that the database asks for, made in one transaction.

    `tier` and `since` are those of that period. No account unless `with_account=True`.
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
    last_name = factory.Sequence(lambda n: f"Petit{n}")
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
    """A wish to be followed 100 % web that waits for its registration interview, asked by the real service."""

    class Meta:
        model = Enrolment

    jobseeker = factory.SubFactory(JobseekerFactory)

    @classmethod
    def _create(cls, model_class: type[Enrolment], *args: Any, **kwargs: Any) -> Enrolment:
        return ask_enrolment(actor=kwargs.pop("actor", None), **kwargs)


class ConsentTextFactory(factory.django.DjangoModelFactory):
    """A text to accept, of the version after the last one."""

    class Meta:
        model = ConsentText

    version = factory.LazyFunction(lambda: ConsentText.objects.count() + 1)
    title = "Être suivi 100 % web"
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
    """Return the cadence that each modality begins with; those that stand are kept."""
    cadences = {
        Modality.RENFORCE: (Channel.ON_SITE, 14, 90),
        Modality.GUIDE: (Channel.ON_SITE, 60, 180),
        Modality.GUIDE_WEB: (Channel.VIDEO, 28, 180),
        Modality.SUIVI: (Channel.PHONE, 90, 270),
    }
    return [
        PlanDefault.objects.filter(modality=modality).first()
        or PlanDefaultFactory(
            modality=modality, channel=channel, interval_days=interval_days, review_after_days=review_after_days
        )
        for modality, (channel, interval_days, review_after_days) in cadences.items()
    ]


def lapse_delays(days: int = 30) -> None:
    """Let what waits lapse after so many days. A migration sets them; tests that empty the tables lose them."""
    for state in (EnrolmentState.ASKED, EnrolmentState.VALIDATED):
        LapseDelay.objects.update_or_create(state=state, starts_on=date(2013, 1, 1), defaults={"days": days})


def answer_delay(days: int = 15) -> None:
    """Give so many days to explain an absence, as the migration does."""
    LapseDelay.objects.update_or_create(state=Awaited.ABSENCE, starts_on=date(2013, 1, 1), defaults={"days": days})


def reference() -> None:
    """Make what every thread through the house stands on: the text to accept and the plan defaults."""
    consent_text_in_force()
    plan_defaults()
