"""Receiving somebody who asked for it: the answer and the meeting, or neither."""

from datetime import datetime

from django.db import transaction

from accompaniment.enums import Channel
from accompaniment.errors import NotAllowedNowError
from accompaniment.french import moment_there
from accompaniment.models import OnSiteRequest, User
from accompaniment.services.enrolments import lock_jobseeker
from accompaniment.services.onsite import answer_on_site
from caseload.services.placements import follower_of
from visio.models import Interview
from visio.services.interviews import book_interview


def receive_on_site(*, actor: User, request: OnSiteRequest, starts_at: datetime, words: str = "") -> Interview:
    """Answer a request with a day and an hour of the adviser who follows, and book the meeting on site.

    `words` follow the day and the hour in the answer. Raises SlotTakenError when the slot is not free any more,
    NotAllowedNowError when the request was answered meanwhile or nobody follows the person.
    """
    with transaction.atomic():
        # The stronger of the two locks of a person first: answering asks for it.
        person = lock_jobseeker(request.jobseeker_id)
        adviser = follower_of(person)
        if adviser is None:
            raise NotAllowedNowError("Aucun conseiller ne suit cette personne. Répondez-lui par écrit.")
        zones = (person.agency.zone, adviser.agency.zone)
        when = moment_there(starts_at, zone=person.agency.zone, others=zones)
        sentence = f"{adviser} vous reçoit le {when}, à l'agence {adviser.agency.name}."
        answer_on_site(actor=actor, request=request, answer=f"{sentence}\n{words}".strip())
        return book_interview(
            actor=actor, jobseeker=person, adviser=adviser, starts_at=starts_at, channel=Channel.ON_SITE
        )
