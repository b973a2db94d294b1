"""A change of adviser and the booked interviews.

An interview that has already begun stays with its adviser. A future interview goes to the new adviser, at the same
hour, by the same channel and with the same room address, if the new adviser works and is free at that time. A meeting
on site also needs the same agency. Otherwise it is cancelled, and the person is asked to choose another slot.
"""

from caseload.enums import CarriedAlong
from caseload.hooks.handover import Along, Carried, Handover
from visio.enums import InterviewState
from visio.locks import lock_interview
from visio.models import Interview
from visio.services.adviser_absences import give, when
from visio.services.interviews import cancel_locked


def follow_handover(handover: Handover) -> Carried:
    """Give each future interview to the new adviser, or cancel it and tell the person."""
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
            carried.person.append(f"Votre entretien du {on} a lieu comme prévu, avec {handover.target}.")
        else:
            cancel_locked(interview, actor=handover.actor, at=handover.at, choose=True)
            carried.report.append(Along(CarriedAlong.INTERVIEW_CANCELLED, at=interview.starts_at))
            carried.person.append(
                f"Votre entretien du {on} ne peut pas avoir lieu. "
                "Choisissez une autre heure dans votre espace, à la page «\u00a0Rendez-vous\u00a0»."
            )
    return carried
