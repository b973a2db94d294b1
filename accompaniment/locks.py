"""The locks of the ground floor. Everything that moves a person begins with the person's own row."""

from accompaniment.models import Enrolment, Jobseeker


def lock_jobseeker(pk: int) -> Jobseeker:
    """Lock a person's row; every service that moves an enrolment, a period or a placement begins with it.

    Other transactions may refer to the row meanwhile: their foreign keys are checked when they commit, so a message
    that has written the person's summary would otherwise wait for who waits for that summary.
    """
    return (
        Jobseeker.objects.select_for_update(of=("self",), no_key=True)
        .select_related("agency__departement__region", "user")
        .get(pk=pk)
    )


def lock_enrolment(pk: int) -> Enrolment:
    """Lock an enrolment's row; its person is locked already."""
    enrolment: Enrolment = Enrolment.objects.select_for_update(of=("self",)).get(pk=pk)
    return enrolment
