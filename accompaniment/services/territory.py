"""The day on which the 100 % web track opens in a region."""

from datetime import date

from django.db import transaction

from accompaniment.enums import AuditAction
from accompaniment.errors import DomainError
from accompaniment.models import Enrolment, Region, User
from accompaniment.services import audit


def set_region_opening(*, actor: User, region: Region, opens_on: date | None) -> Region:
    """Open the 100 % web track in a region on a day, or on none (None). The same day again changes nothing.

    Raises DomainError when somebody was validated there before that day: what began stays open.
    """
    with transaction.atomic():
        locked: Region = Region.objects.select_for_update(of=("self",)).get(pk=region.pk)
        if locked.web_opens_on == opens_on:
            return locked
        first = (
            Enrolment.objects.filter(jobseeker__agency__departement__region=locked, validated_at__isnull=False)
            .order_by("validated_at")
            .first()
        )
        if first is not None and first.validated_at is not None:
            day = first.validated_at.astimezone(locked.zone).date()
            if opens_on is None or opens_on > day:
                raise DomainError(
                    f"Des adhésions y ont été validées depuis le {day:%d/%m/%Y}. "
                    "Choisissez ce jour ou un jour précédent."
                )
        before = locked.web_opens_on
        locked.web_opens_on = opens_on
        locked.save(update_fields=["web_opens_on"])
        audit.record(
            actor=actor, jobseeker=None, action=AuditAction.REGION, region=locked.code, before=before, opens_on=opens_on
        )
        return locked
