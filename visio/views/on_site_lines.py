"""Requests for a meeting on site as lines with a form, for those who answer."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from accompaniment.models import OnSiteRequest, User
from accompaniment.rules.french import duration_in_words
from caseload.models import Adviser, Placement
from caseload.rules.portfolio import REPLY_WITHIN
from visio.forms import OnSiteAnswerForm


@dataclass(frozen=True, slots=True)
class AskedLine:
    """One request with its form, or without it for a reader who only oversees."""

    asked: OnSiteRequest
    follower: Adviser | None
    now: datetime
    form: OnSiteAnswerForm | None
    opens_file: bool
    """Whether the reader may open the file of the person."""

    @property
    def waits(self) -> str:
        return duration_in_words(self.now - self.asked.asked_at)

    @property
    def is_late(self) -> bool:
        return self.now - self.asked.asked_at >= REPLY_WITHIN

    @property
    def zone(self) -> ZoneInfo:
        return self.asked.jobseeker.agency.zone


def asked_lines(requests: list[OnSiteRequest], *, reader: User, now: datetime, back: str) -> list[AskedLine]:
    """Return the lines for the result of `oldest_first`; an answer leads back to the address `back`. One statement."""
    followed = {
        placement.jobseeker_id: placement
        for placement in Placement.objects.open()
        .filter(jobseeker__in=[asked.jobseeker_id for asked in requests])
        .select_related("portfolio__adviser__user")
    }
    lines = []
    for asked in requests:
        placement = followed.get(asked.jobseeker_id)
        answers = reader.is_adviser or placement is None
        lines.append(
            AskedLine(
                asked=asked,
                follower=placement.portfolio.adviser if placement else None,
                now=now,
                form=OnSiteAnswerForm(auto_id=f"demande-{asked.pk}-%s", initial={"back": back}) if answers else None,
                opens_file=placement is not None or reader.is_manager,
            )
        )
    return lines
