"""Makes conversations, messages and call-back requests by the real services."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from accompaniment.models import Jobseeker, User
from caseload.models import Portfolio
from messaging.models import Conversation, Message
from messaging.services.conversations import open_conversation
from messaging.services.posting import post_message
from tests.caseload.factories import PortfolioFactory, on_web_track


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A person of the web track, who follows them, and their conversation."""

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
