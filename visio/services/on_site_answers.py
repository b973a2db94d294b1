"""Answers a request for a meeting on site and books the meeting, both or neither."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from accompaniment.enums import Channel, FilePart
from accompaniment.locks import lock_jobseeker
from accompaniment.models import OnSiteRequest, User
from accompaniment.rules.errors import NotAllowedNowError
from accompaniment.rules.french import moment_there
from accompaniment.services import audit
from accompaniment.services.on_site_requests import answer_on_site
from caseload.reads.moves.who_answers import follower_of
from visio.models import Interview
from visio.services.interviews import book_interview


def receive_on_site(*, actor: User, request: OnSiteRequest, starts_at: datetime, words: str = "") -> Interview:
    """Answer a request with a day and an hour of the person's adviser, and book the meeting on site.

    `words` follow the day and the hour in the answer. Raises SlotTakenError if the slot is no longer free,
    NotAllowedNowError if the request is already answered or the person has no adviser.
    """
    with transaction.atomic():
        # The stronger of the person's two locks first, because answering asks for it.
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


def record_wishes(*, actor: User, requests: Iterable[OnSiteRequest]) -> None:
    """Record the reading of the texts that people added to their requests."""
    wishes = [asked.jobseeker_id for asked in requests if asked.comment]
    audit.record_readings(actor=actor, people=wishes, part=FilePart.ON_SITE_REQUEST)
