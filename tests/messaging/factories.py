"""Makes conversations, messages and call-back requests through the real services."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.utils import timezone

from accompaniment.models import Agency, Jobseeker, User
from accompaniment.services.reference import give_default_hours
from caseload.models import Portfolio
from messaging.enums import CallbackSubject
from messaging.models import CallbackRequest, CallbackWindow, Conversation, Message
from messaging.reads.callback_windows import windows_of
from messaging.rules import MANAGER_SHARE, TEAM_SHARE, Window, risen_at
from messaging.services.callbacks import ask_callback
from messaging.services.conversations import open_conversation
from messaging.services.posting import post_message
from tests.caseload.factories import PortfolioFactory, on_web_track


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A person of the web track, their adviser, and their conversation."""

    portfolio: Portfolio
    jobseeker: Jobseeker
    conversation: Conversation

    @property
    def person(self) -> User:
        user: User = self.jobseeker.user
        return user

    @property
    def adviser(self) -> User:
        user: User = self.portfolio.adviser.user
        return user


def pair(portfolio: Portfolio | None = None, **person: Any) -> Pair:
    """Return a person in a portfolio with an empty conversation."""
    portfolio = portfolio or PortfolioFactory()
    jobseeker = on_web_track(portfolio, **person)
    conversation = open_conversation(actor=jobseeker.user, jobseeker=jobseeker)
    return Pair(portfolio=portfolio, jobseeker=jobseeker, conversation=conversation)


def say(conversation: Conversation, author: User, body: str = "Bonjour") -> Message:
    """Post one message."""
    return post_message(actor=author, conversation=conversation, client_id=uuid4(), body=body)


def first_window(jobseeker: Jobseeker) -> Window:
    """Return the first call-back window that the person's agency offers now."""
    return windows_of(jobseeker.agency, now=timezone.now())[0]


def request_row(jobseeker: Jobseeker, *, starts_at: datetime, ends_at: datetime, **facts: Any) -> CallbackRequest:
    """Write an open request with one window, which need not be on offer."""
    window = Window(starts_at=starts_at, ends_at=ends_at)
    request = CallbackRequest.objects.create(
        **{
            "jobseeker": jobseeker,
            "subject": CallbackSubject.OTHER,
            "phone": jobseeker.phone or "+33612345678",
            "window_starts_at": starts_at,
            "window_ends_at": ends_at,
            "team_at": risen_at([window], TEAM_SHARE),
            "manager_at": risen_at([window], MANAGER_SHARE),
            "asked_at": timezone.now(),
            **facts,
        }
    )
    CallbackWindow.objects.create(request=request, starts_at=starts_at, ends_at=ends_at)
    return request


def ask(jobseeker: Jobseeker, **facts: Any) -> CallbackRequest:
    """Ask to be called back in the first window on offer. An agency without hours has some while this is asked."""
    agency = Agency.objects.get(pk=jobseeker.agency_id)
    without = not agency.opening_hours.exists()
    if without:
        give_default_hours([agency])
    asked = ask_callback(
        **{
            "actor": jobseeker.user,
            "jobseeker": jobseeker,
            "subject": CallbackSubject.TRAINING,
            "phone": "06 12 34 56 78",
            "windows": [first_window(jobseeker)],
            **facts,
        }
    )
    if without:
        agency.opening_hours.all().delete()
    return asked
