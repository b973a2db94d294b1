"""When periodic jobs last ran."""

from datetime import datetime

from accompaniment.models import JobRun


def record_success(*, job: str, now: datetime) -> None:
    """Record that a job has run."""
    JobRun.objects.update_or_create(job=job, defaults={"succeeded_at": now})


def record_failure(*, job: str, now: datetime, error: BaseException) -> None:
    """Record that a job has failed: only the class of the error, because its text may contain personal data."""
    JobRun.objects.update_or_create(job=job, defaults={"failed_at": now, "error": type(error).__name__[:80]})
