"""What a change of adviser means for the interviews that are booked.

An interview whose hour has come stays with the adviser who holds it. One to come goes to the new adviser at the same
hour, by the same channel and at the same address of the room, where the new adviser works and is free then; one on
site also needs the same agency. Where that cannot be, it is cancelled and the person is asked to choose another
slot: somebody whom the person does not know, at an hour that nobody has kept free, would be no appointment.
"""

from caseload.enums import CarriedAlong
from caseload.hooks.handover import Along, Carried, Handover
from visio.enums import InterviewState
from visio.models import Interview
from visio.services.adviser_absences import give, when
from visio.services.changes import lock_interview
from visio.services.interviews import cancel_locked


def follow_handover(handover: Handover) -> Carried:
    """Give each interview to come to the new adviser, or cancel it and say so."""
    carried = Carried()
    coming = Interview.objects.filter(
        jobseeker=handover.jobseeker, state=InterviewState.BOOKED, starts_at__gt=handover.at
    ).exclude(adviser=handover.target)
    for pk in coming.order_by("pk").values_list("pk", flat=True):
        interview = lock_interview(pk)
        if interview.state != InterviewState.BOOKED:
            continue  # the adviser has let the person in meanwhile: a conversation under way stays where it is
        on = when(interview)
        if give(interview, handover.target, actor=handover.actor):
            carried.report.append(Along(CarriedAlong.INTERVIEW_KEPT, at=interview.starts_at))
            carried.person.append(f"Votre entretien du {on} est maintenu, avec {handover.target}.")
        else:
            cancel_locked(interview, actor=handover.actor, at=handover.at, choose=True)
            carried.report.append(Along(CarriedAlong.INTERVIEW_CANCELLED, at=interview.starts_at))
            carried.person.append(
                f"Votre entretien du {on} ne peut pas avoir lieu. "
                "Choisissez une autre heure dans votre espace, à la page « Mes entretiens »."
            )
    return carried
