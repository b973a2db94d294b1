"""Where a person stands on the way to the 100 % web track, read once for every page that shows it."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Exists, FilteredRelation, OuterRef, Q, Subquery

from accompaniment.enums import EnrolmentState, Tier, Track
from accompaniment.hooks.track_changes import on_tier_change
from accompaniment.models import (
    Accompaniment,
    Consent,
    ConsentText,
    Enrolment,
    Jobseeker,
    OnSiteRequest,
    User,
)
from accompaniment.models.enrolment import AccompanimentQuerySet
from accompaniment.rules.presentation import closed_enrolment_in_words, consent_version_in_words, obstacle_in_words
from accompaniment.rules.tracks import (
    OPEN_ENROLMENT_STATES,
    consent_holds,
    not_eligible_reasons,
)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The person's current period, open enrolment and standing acceptance, and the text in force."""

    period: Accompaniment
    enrolment: Enrolment | None
    closed: Enrolment | None
    """The last enrolment, if none is open."""
    accepted: int | None
    """The version of the text that the person has accepted, if the acceptance stands."""
    newest: int | None
    """The version of the text that is shown to whoever accepts now."""
    binding: int | None
    """The newest version of the text that people must accept."""
    asked_on_site: bool
    """Whether a request for a meeting on site waits for an answer."""
    zone: ZoneInfo
    today: date
    obstacles: tuple[str, ...]
    """All reasons why the person cannot ask for the 100 % web track today, in sentences for the person."""

    @property
    def person(self) -> Jobseeker:
        person: Jobseeker = self.period.jobseeker
        return person

    @property
    def on_web(self) -> bool:
        return self.period.track == Track.WEB

    @cached_property
    def consent(self) -> Consent | None:
        """The acceptance that stands, with its text; read only by the pages that show it."""
        if self.accepted is None:
            return None
        return Consent.objects.standing().filter(jobseeker=self.person).select_related("text").first()

    @cached_property
    def text(self) -> ConsentText | None:
        """The newest text; read only by the pages that show it."""
        return None if self.newest is None else ConsentText.objects.filter(version=self.newest).first()

    @property
    def awaits_interview(self) -> bool:
        return self.enrolment is not None and self.enrolment.state == EnrolmentState.ASKED

    @property
    def has_accepted(self) -> bool:
        """Whether the person's acceptance counts for the text in force."""
        return self.accepted is not None and consent_holds(accepted=self.accepted, binding=self.binding)

    @property
    def may_accept(self) -> bool:
        return self.enrolment is not None and self.newest is not None and not self.has_accepted

    @property
    def must_accept(self) -> bool:
        """Whether only the person's acceptance is missing before the track begins."""
        return self.may_accept and not self.awaits_interview and not self.on_web

    @property
    def is_asked_again(self) -> bool:
        """Whether the track runs and a newer version of the text must be accepted."""
        return self.may_accept and self.on_web

    @property
    def version_sentence(self) -> str:
        if self.text is None:
            return ""
        return consent_version_in_words(self.text.version, self.text.published_at.astimezone(self.zone).date())

    @property
    def closed_sentence(self) -> str:
        """The outcome of the last enrolment if none is open; empty if the person withdrew or left."""
        if self.closed is None or self.closed.closed_at is None:
            return ""
        return closed_enrolment_in_words(
            self.closed.state,
            closed_on=self.closed.closed_at.astimezone(self.zone).date(),
            today=self.today,
            reason=self.closed.refusal_reason,
            at_interview=self.closed.interview_id is not None and self.closed.validated_at is None,
        )

    @property
    def was_refused(self) -> bool:
        """Whether the last enrolment was refused and none is open. The person may contest the refusal."""
        return self.closed is not None and self.closed.state == EnrolmentState.REFUSED

    @property
    def may_ask(self) -> bool:
        return self.enrolment is None and not self.obstacles


def standing_of(person: Jobseeker, now: datetime) -> Standing:
    """Return the person's position on the way to the track; load `agency__departement__region` with it."""
    period = _periods().get(jobseeker=person)
    period.jobseeker = person
    return _standing(period, now)


def standing_of_account(user: User, now: datetime) -> Standing | None:
    """Return the position of an account's person, with the person, their agency and region; None without a file."""
    with_file = ("jobseeker__agency__departement__region", "jobseeker__user")
    period = _periods().filter(jobseeker__user=user).select_related(*with_file).first()
    return _standing(period, now) if period else None


def _periods() -> AccompanimentQuerySet:
    """Return the current periods with the open enrolment, and what the person has accepted and asked for."""
    own = {"jobseeker": OuterRef("jobseeker")}
    is_open = Q(jobseeker__enrolments__state__in=OPEN_ENROLMENT_STATES)
    periods: AccompanimentQuerySet = (
        Accompaniment.objects.current()
        .annotate(
            open_enrolment=FilteredRelation("jobseeker__enrolments", condition=is_open),
            accepted=Subquery(Consent.objects.standing().filter(**own).values("text__version")[:1]),
            newest=Subquery(ConsentText.objects.order_by("-version").values("version")[:1]),
            binding=Subquery(ConsentText.objects.binding().values("version")[:1]),
            asked_on_site=Exists(OnSiteRequest.objects.open().filter(**own)),
        )
        .select_related("open_enrolment")
    )
    return periods


def _open_enrolment(period: Any) -> Enrolment | None:
    """Return the open enrolment. Django sets nothing where its join finds no row."""
    return getattr(period, "open_enrolment", None)


def _standing(period: Any, now: datetime) -> Standing:
    person = period.jobseeker
    today = now.astimezone(person.agency.zone).date()
    opens_on = person.agency.web_opening_day
    reasons = not_eligible_reasons(tier=period.tier, opens_on=opens_on, day=today, email=person.email)
    enrolment = _open_enrolment(period)
    closed = None
    if enrolment is None:
        closed = Enrolment.objects.filter(jobseeker=person).order_by("-asked_at", "-pk").first()
    return Standing(
        period=period,
        enrolment=enrolment,
        closed=closed,
        accepted=period.accepted,
        newest=period.newest,
        binding=period.binding,
        asked_on_site=period.asked_on_site,
        zone=person.agency.zone,
        today=today,
        obstacles=tuple(
            obstacle_in_words(
                reason,
                tier=period.tier,
                opens_on=opens_on,
                today=today,
                place="région" if opens_on == person.agency.region.web_opens_on else "agence",
            )
            for reason in reasons
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRights:
    """What the frame of every jobseeker's page offers, and what it reminds of."""

    on_web: bool
    may_leave: bool
    """Whether the person is on the track or has asked for it, so that they can leave."""
    is_asked_again: bool
    """Whether a newer version of the text must be accepted while the track goes on."""
    asked_on_site: bool
    """Whether a request for a meeting on site waits for an answer."""


def own_rights(user: User) -> OwnRights | None:
    """Return what the frame shows a jobseeker, in one statement; None for an account without a file."""
    period = _periods().filter(jobseeker__user=user).first()
    return _rights(period) if period else None


def rights_in(standing: Standing) -> OwnRights:
    """Return the same, of what a page has read already."""
    return _rights(standing.period)


def _rights(period: Any) -> OwnRights:
    on_web = period.track == Track.WEB
    return OwnRights(
        on_web=on_web,
        may_leave=_open_enrolment(period) is not None,
        is_asked_again=on_web and not consent_holds(accepted=period.accepted or 0, binding=period.binding),
        asked_on_site=period.asked_on_site,
    )


def current_accompaniment(jobseeker: Jobseeker) -> Accompaniment:
    """Return the person's current period, of which there is exactly one."""
    period: Accompaniment = Accompaniment.objects.current().select_related("enrolment").get(jobseeker=jobseeker)
    return period


def why_not_eligible(person: Jobseeker, now: datetime) -> list[str]:
    """Return the conditions of the 100 % web track that the person does not meet at this instant.

    Load `agency__departement__region` with the person.
    """
    return not_eligible_reasons(
        tier=current_accompaniment(person).tier,
        opens_on=person.agency.web_opening_day,
        day=now.astimezone(person.agency.zone).date(),
        email=person.email,
    )


def foresee_tier_change(jobseeker: Jobseeker, tier: Tier) -> list[str]:
    """Return what a change of tier would entail on upper floors, in sentences for the adviser."""
    return [sentence for follower in on_tier_change for sentence in follower.foresee(jobseeker, tier)]
