"""What a person's own test of camera, microphone and connection found, and the link that leads to it."""

from datetime import timedelta

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import AuditAction, Bandwidth, BoundedAct, NotificationKind
from accompaniment.locks import lock_jobseeker
from accompaniment.models import DeviceCheck, Jobseeker, User
from accompaniment.rules.errors import DomainError
from accompaniment.services import audit, outbox
from accompaniment.services.bounds import check_bound
from accompaniment.services.rights import check_own, check_receives

ONE_TEST = timedelta(minutes=2)
"""Within which the same result again is the same test."""


def record_device_check(
    *,
    actor: User,
    jobseeker: Jobseeker,
    camera: bool,
    microphone: bool,
    connection: Bandwidth,
    without_microphone: bool = False,
    round_trip_ms: int | None = None,
    device: str = "",
) -> DeviceCheck:
    """Keep the result of a person's own test; the same result within two minutes is one test.

    Raises DomainError when somebody else than the person sends it, TooManyError beyond the bound (`ActBound`).
    """
    with transaction.atomic():
        person = lock_jobseeker(jobseeker.pk)
        check_own(actor, person, "Seule la personne elle-même peut enregistrer le test de son matériel.")
        now = timezone.now()
        last: DeviceCheck | None = DeviceCheck.objects.filter(jobseeker=person).first()
        found = (camera, microphone, without_microphone, connection)
        if last and now - last.at < ONE_TEST and last.found == found:
            return last
        check_bound(
            BoundedAct.DEVICE_TESTS,
            done=lambda since: DeviceCheck.objects.filter(jobseeker=person, at__gt=since).count(),
        )
        check: DeviceCheck = DeviceCheck.objects.create(
            jobseeker=person,
            at=now,
            camera=camera,
            microphone=microphone,
            without_microphone=without_microphone,
            connection=connection,
            round_trip_ms=round_trip_ms,
            device=device,
        )
        audit.record(
            actor=actor,
            jobseeker=person,
            action=AuditAction.EQUIPMENT,
            event="device_check",
            check=check.pk,
            carries_video=check.carries_video,
        )
        return check


def send_device_test_link(*, actor: User, jobseeker: Jobseeker) -> bool:
    """Send the person the address of the test by e-mail, at most once a day; tell whether one leaves now.

    Raises DomainError when the person has no address, or no account to log in with.
    """
    with transaction.atomic():
        person = lock_jobseeker(jobseeker.pk)
        check_receives(actor, person)
        if not person.email:
            raise DomainError("La personne n'a pas d'adresse e-mail\u00a0: ajoutez-la dans la partie 1.")
        if person.user is None or not person.user.has_usable_password():
            raise DomainError("La personne n'a pas encore ouvert son compte\u00a0: elle pourra faire le test ensuite.")
        leaves = outbox.notify_jobseeker(
            key=f"device-test:{person.pk}:{timezone.localdate(timezone=person.agency.zone):%Y-%m-%d}",
            kind=NotificationKind.DEVICE_TEST,
            jobseeker=person,
            context={"first_name": person.first_name, "adviser": actor, "path": reverse("device_test")},
        )
        if leaves:
            audit.record(actor=actor, jobseeker=person, action=AuditAction.EQUIPMENT, event="device_test_link_sent")
        return leaves
