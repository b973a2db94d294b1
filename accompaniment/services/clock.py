"""What is known of the jobs that run by the clock."""

from datetime import datetime

from accompaniment.models import JobRun


def record_success(*, job: str, now: datetime) -> None:
    """Note that a job has done its work."""
    JobRun.objects.update_or_create(job=job, defaults={"succeeded_at": now})


def record_failure(*, job: str, now: datetime, error: BaseException) -> None:
    """Note that a job has failed: the class of the error alone, for its words may hold somebody's data."""
    JobRun.objects.update_or_create(job=job, defaults={"failed_at": now, "error": type(error).__name__[:80]})
