"""A person's track, as tests of enrolments read it."""

from accompaniment.models import Accompaniment, Jobseeker, Notification


def track_of(person: Jobseeker) -> tuple[str, str]:
    """Return the current tier and track."""
    period = Accompaniment.objects.current().get(jobseeker=person)
    return period.tier, period.track


def told(person: Jobseeker) -> list[str]:
    """Return the kinds of notifications sent to the person, in order."""
    return list(Notification.objects.filter(jobseeker=person).values_list("kind", flat=True))
