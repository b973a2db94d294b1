"""Where a person stands on the way to the 100 % web track: read once for every page that says so."""

from dataclasses import dataclass
from datetime import datetime

from accompaniment.enums import EnrolmentState, Track
from accompaniment.models import Accompaniment, Consent, ConsentText, Enrolment, Jobseeker
from accompaniment.presentation import obstacle_in_words
from accompaniment.rules import not_eligible_reason


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The person's current period, open enrolment and standing acceptance, and the text in force."""

    period: Accompaniment
    enrolment: Enrolment | None
    consent: Consent | None
    text: ConsentText | None
    obstacle: str | None
    """Which condition of the 100 % web track fails today: `modalite`, `region`, `email`, or None."""
    obstacle_sentence: str
    """The same for the person; empty when nothing stands in the way."""

    @property
    def on_web(self) -> bool:
        return self.period.track == Track.WEB

    @property
    def awaits_interview(self) -> bool:
        return self.enrolment is not None and self.enrolment.state == EnrolmentState.ASKED

    @property
    def has_accepted(self) -> bool:
        """The acceptance that stands is of the text in force."""
        return self.consent is not None and self.text is not None and self.consent.text_id == self.text.pk

    @property
    def may_accept(self) -> bool:
        return self.enrolment is not None and not self.on_web and self.text is not None and not self.has_accepted

    @property
    def must_accept(self) -> bool:
        """Only the person's acceptance is missing."""
        return self.may_accept and not self.awaits_interview

    @property
    def may_ask(self) -> bool:
        return self.enrolment is None and self.obstacle is None


def standing_of(person: Jobseeker, now: datetime) -> Standing:
    """Return where the person stands; load `agency__departement__region` with it."""
    period = Accompaniment.objects.current().get(jobseeker=person)
    today = now.astimezone(person.agency.zone).date()
    opens_on = person.agency.region.web_opens_on
    obstacle = not_eligible_reason(tier=period.tier, region_opens_on=opens_on, day=today, email=person.email)
    return Standing(
        period=period,
        enrolment=Enrolment.objects.open().filter(jobseeker=person).first(),
        consent=Consent.objects.filter(jobseeker=person, withdrawn_at=None).select_related("text").first(),
        text=ConsentText.objects.first(),
        obstacle=obstacle,
        obstacle_sentence=(
            obstacle_in_words(obstacle, tier=period.tier, region_opens_on=opens_on, today=today) if obstacle else ""
        ),
    )
