"""The acts of `test_state_machine` on enrolments and tiers: their effect in the model and in the service."""

from collections import Counter
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
)

from accompaniment.enums import EnrolmentState, Modality, RefusalReason, Tier, Track
from accompaniment.models import (
    ConsentText,
    Enrolment,
    OnSiteRequest,
)
from accompaniment.rules.errors import DomainError
from accompaniment.services import on_site_requests as onsite
from accompaniment.services.enrolments import tiers as tiers_
from accompaniment.services.enrolments.acceptance import accept_terms, leave_track
from accompaniment.services.enrolments.interview import ask_enrolment, open_registration_interview
from accompaniment.services.enrolments.publishing import publish_consent_text
from caseload.models import Manager, Placement
from caseload.services.moves.placements import PortfolioFullError
from caseload.services.registration.decisions import refuse_at_interview, validate_at_interview
from tests.caseload.factories import findings
from tests.house_on_paper import Paper, Person, Shelf, everything_written

USUALLY = 5
"""Once in this many times an act is tried on anybody, and is mostly refused."""

OPEN = (EnrolmentState.ASKED, EnrolmentState.VALIDATED, EnrolmentState.ACTIVE)

tiers = st.sampled_from(list(Tier))


class Enrolments(RuleBasedStateMachine):
    """The acts of jobseekers and of registration interviews, and the common way to try an act."""

    seen: ClassVar[Counter[str]] = Counter()
    """What has happened in all examples of a run."""

    paper: Paper
    manager: Manager
    breaches: list[Any]
    past: dict[str, list[tuple[Any, ...]]]
    files: dict[int, tuple[list[tuple[Any, ...]], int]]

    def attempt(self, allowed: bool, act: Callable[[], Any], refusal: type[DomainError] = DomainError) -> None:
        """Do the act.

        If the model allows it, it must succeed; otherwise it must be refused with a sentence and write nothing.
        """
        if allowed:
            act()
            return
        before = everything_written(self.paper.people)
        with pytest.raises(refusal) as refused:
            act()
        assert refused.value.sentence.endswith((".", "!"))
        assert everything_written(self.paper.people) == before

    def choose(self, draw: st.DataObject, fitting: Callable[[Person], bool]) -> Person:
        """Choose a person for whom the act would succeed; sometimes, or if there is none, choose anybody."""
        some = [person for person in self.paper.people if fitting(person)]
        anybody = draw.draw(st.integers(1, USUALLY)) == USUALLY
        return draw.draw(st.sampled_from(self.paper.people if anybody or not some else some))

    def portfolio(self, draw: st.DataObject, usual: list[int]) -> Shelf:
        """Choose one of the usual portfolios, sometimes any portfolio."""
        anyone = not usual or draw.draw(st.integers(1, USUALLY)) == USUALLY
        return self.paper.shelves[draw.draw(st.sampled_from(list(self.paper.shelves) if anyone else usual))]

    @property
    def an_adviser(self) -> Any:
        """An adviser of the web track, who conducts registration interviews."""
        return self.paper.shelves[self.paper.of(Modality.GUIDE_WEB)[0]].row.adviser.user

    def settle(self, person: Person) -> None:
        """Update the model for a person who had to leave a portfolio: a fitting one with room, otherwise none."""
        modality = person.expected_modality
        person.portfolio = person.goes_to_later = None
        options = [pk for pk in self.paper.of(modality) if self.paper.has_room(pk)]
        found = Placement.objects.open().filter(jobseeker=person.row).values_list("portfolio", flat=True).first()
        assert (found in options) if options else found is None
        person.portfolio = found
        self.seen["without a place"] += found is None

    def ask(self, draw: st.DataObject) -> None:
        self.asked(self.choose(draw, lambda one: one.enrolment is None and one.tier == Tier.GUIDE))

    def asked(self, person: Person) -> None:
        allowed = person.enrolment is None and person.tier == Tier.GUIDE
        self.attempt(allowed, lambda: ask_enrolment(actor=person.row.user, jobseeker=person.row))
        if allowed:
            person.enrolment = EnrolmentState.ASKED
            self.seen["asked"] += 1

    def validate(self, draw: st.DataObject) -> None:
        person = self.choose(draw, lambda one: one.enrolment == EnrolmentState.ASKED)
        if person.asked_once:
            full = [pk for pk in self.paper.of(Modality.GUIDE_WEB) if not self.paper.has_room(pk)]
            usual = full if full and draw.draw(st.booleans()) else self.paper.of(Modality.GUIDE_WEB)
            self.validated(person, self.portfolio(draw, usual).row.pk)

    def validated(self, person: Person, portfolio: int) -> None:
        target = self.paper.shelves[portfolio]
        enrolment = Enrolment.objects.filter(jobseeker=person.row).order_by("-pk")[0]
        actor = target.row.adviser.user if target.modality == Modality.GUIDE_WEB else self.an_adviser
        interview = open_registration_interview(actor=actor, jobseeker=person.row)
        fits = person.enrolment == EnrolmentState.ASKED and target.modality == Modality.GUIDE_WEB
        allowed = fits and self.paper.has_room(portfolio)
        self.attempt(
            allowed,
            lambda: validate_at_interview(
                actor=actor, enrolment=enrolment, interview=interview, findings=findings(), portfolio=target.row
            ),
            PortfolioFullError if fits else DomainError,
        )
        if not allowed:
            self.seen["validation refused by a full portfolio"] += fits
            return
        if person.tier != Tier.GUIDE:
            person.goes_to(Tier.GUIDE, Track.CLASSIC)
        person.portfolio, person.goes_to_later = portfolio, None
        person.enrolment = EnrolmentState.VALIDATED
        self.seen["validated"] += 1
        self.start_if_ready(person)

    def refuse(self, draw: st.DataObject) -> None:
        tier = draw.draw(tiers)
        waiting = [one for one in self.paper.people if one.enrolment == EnrolmentState.ASKED]
        if not waiting:
            return
        person = draw.draw(st.sampled_from(waiting))
        interview = open_registration_interview(actor=self.an_adviser, jobseeker=person.row)
        refuse_at_interview(
            actor=self.an_adviser,
            enrolment=Enrolment.objects.open().get(jobseeker=person.row),
            interview=interview,
            findings=findings(tier=tier),
            reason=RefusalReason.EQUIPMENT,
            comment="",
        )
        person.enrolment, person.accepted = None, None
        self.seen["refused by the adviser"] += 1
        self.tier_is(person, tier)

    def accept(self, draw: st.DataObject) -> None:
        stale = [one for one in self.paper.people if one.accepted not in {None, self.paper.version}]
        self.accepted(self.choose(draw, lambda one: one in stale if stale else one.enrolment in OPEN))

    def accepted(self, person: Person) -> None:
        text = ConsentText.objects.latest()
        allowed = person.enrolment in OPEN
        again = allowed and person.accepted not in {None, text.version}
        self.attempt(allowed, lambda: accept_terms(actor=person.row.user, jobseeker=person.row, text=text))
        if allowed:
            person.accepted = text.version
            self.seen["accepted"] += 1
            self.seen["acceptance asked again"] += again
            self.start_if_ready(person)

    def leave(self, draw: st.DataObject) -> None:
        """Never refused (invariant 4)."""
        person = self.choose(draw, lambda one: one.enrolment in OPEN)
        leave_track(actor=person.row.user, jobseeker=person.row)
        was = person.enrolment
        person.enrolment = None
        if was is None:
            return
        person.accepted = None
        if was == EnrolmentState.ACTIVE:
            person.goes_to(Tier.GUIDE, Track.CLASSIC)
        if was != EnrolmentState.ASKED:
            self.settle(person)
        self.seen["left the track" if was == EnrolmentState.ACTIVE else "left before the track"] += 1

    def change_tier(self, draw: st.DataObject) -> None:
        tier = draw.draw(tiers)
        person = self.choose(draw, lambda one: one.enrolment == EnrolmentState.ACTIVE)
        tiers_.change_tier(actor=self.manager.user, jobseeker=person.row, tier=tier, reason="Situation changée")
        self.tier_is(person, tier)

    def ask_on_site(self, draw: st.DataObject) -> None:
        """Never refused (invariant 8), and never two open requests."""
        person = self.choose(draw, lambda one: not one.waits_on_site)
        onsite.ask_on_site(actor=person.row.user, jobseeker=person.row)
        assert OnSiteRequest.objects.open().filter(jobseeker=person.row).count() == 1
        person.waits_on_site = True
        self.seen["on site asked"] += 1

    def answer_on_site(self, draw: st.DataObject) -> None:
        """A request is answered once, with the time that the answer took."""
        waiting = [one for one in self.paper.people if one.waits_on_site]
        if not waiting:
            return
        person = draw.draw(st.sampled_from(waiting))
        request = OnSiteRequest.objects.open().get(jobseeker=person.row)
        followed = self.paper.shelves.get(person.portfolio)
        actor = followed.row.adviser.user if followed else self.an_adviser
        onsite.answer_on_site(actor=actor, request=request, answer="Venez mardi.")
        request.refresh_from_db()
        assert request.answered_at >= request.asked_at
        self.attempt(False, lambda: onsite.answer_on_site(actor=actor, request=request, answer="Venez jeudi."))
        person.waits_on_site = False
        self.seen["on site answered"] += 1

    def another_text(self, draw: st.DataObject) -> None:
        """A running track goes on meanwhile. A validated one starts only with the text that must be accepted."""
        needs_acceptance = draw.draw(st.booleans())
        publish_consent_text(
            actor=self.manager.user,
            title="Texte",
            body=f"Texte de la version {self.paper.version + 1}.",
            needs_acceptance=needs_acceptance,
            seen={"version": str(self.paper.version)},
        )
        self.paper.version += 1
        if needs_acceptance:
            self.paper.binding = self.paper.version

    def start_if_ready(self, person: Person) -> None:
        if person.enrolment == EnrolmentState.VALIDATED and (person.accepted or 0) >= self.paper.binding:
            person.enrolment = EnrolmentState.ACTIVE
            person.goes_to(Tier.GUIDE, Track.WEB)
            self.seen["track started"] += 1

    def tier_is(self, person: Person, tier: Tier) -> None:
        """Apply another tier: the web track ends, a validated enrolment lapses, and the placement follows."""
        if person.tier == tier:
            return
        self.seen["tier changed on the track" if person.track == Track.WEB else "tier changed"] += 1
        if person.enrolment in {EnrolmentState.VALIDATED, EnrolmentState.ACTIVE}:
            person.enrolment, person.accepted = None, None
        was_placed = person.portfolio is not None
        person.goes_to(tier, Track.CLASSIC)
        if was_placed:
            self.settle(person)
