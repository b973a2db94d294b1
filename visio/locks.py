"""The locks of interviews, in the order of `accompaniment.locks`.

Every service that changes an interview locks its person first. Only the room locks an interview alone: it moves nobody
and waits for nothing else.
"""

from typing import TYPE_CHECKING

from accompaniment.locks import Rank, lock_first, lock_row
from visio.models import Interview

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accompaniment.models import Jobseeker


def lock_interview(pk: int) -> Interview:
    """Lock an interview, and load what services and notifications need of it."""
    interviews = Interview.objects.select_related(
        "jobseeker__user",
        "jobseeker__agency__departement__region",
        "adviser__user",
        "adviser__agency__departement__region",
        "obligation",
    )
    interview: Interview = lock_row(Rank.REST, interviews.filter(pk=pk), no_key=True)
    return interview


def take_person(people: "QuerySet[Jobseeker]") -> "Jobseeker | None":
    """Lock the first of these people whom no other transaction has locked."""
    return lock_first(Rank.PERSON, people, no_key=True, skip_locked=True)
