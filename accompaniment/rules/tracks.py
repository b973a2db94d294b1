"""Pure decisions of the ground floor: no database, no clock."""

from datetime import date, timedelta

from accompaniment.enums import Channel, ContactNature, Modality, Tier, Track
from accompaniment.enums import EnrolmentState as S

ENROLMENT_TRANSITIONS: dict[S, frozenset[S]] = {
    S.ASKED: frozenset({S.VALIDATED, S.REFUSED, S.LAPSED, S.WITHDRAWN}),
    S.VALIDATED: frozenset({S.ACTIVE, S.REFUSED, S.LAPSED, S.WITHDRAWN}),
    S.ACTIVE: frozenset({S.ENDED}),
    S.REFUSED: frozenset(),
    S.LAPSED: frozenset(),
    S.WITHDRAWN: frozenset(),
    S.ENDED: frozenset(),
}
OPEN_ENROLMENT_STATES = (S.ASKED, S.VALIDATED, S.ACTIVE)
NOT_BEGUN_STATES = (S.REFUSED, S.LAPSED, S.WITHDRAWN)
"""Closed without a day on the track."""

MINIMUM_AGE_YEARS = 16

SHORTEST_ANSWER_DELAY = 10
"""Days at least in which a person may explain an absence: what article R. 5412-7 of the Code du travail gives before
a sanction. The operator may give more."""


def modality_of(tier: str, track: str) -> Modality:
    """Return what caps and cadences are set for. Only guidé has a 100 % web variant.

    Raises ValueError for a pair that cannot exist.
    """
    if track == Track.WEB:
        if tier != Tier.GUIDE:
            raise ValueError(f"the web track exists only with tier guide, not {tier!r}")
        return Modality.GUIDE_WEB
    return Modality(tier)


def opening_day(region: date | None, *, own: date | None) -> date | None:
    """Return the day on which the web track opens in an agency: the region's, or a later one of the agency's own."""
    return max(region, own) if region and own else region


def tier_of(modality: str) -> Tier:
    """Return the tier of the people in a modality."""
    return Tier.GUIDE if modality == Modality.GUIDE_WEB else Tier(modality)


def not_eligible_reasons(*, tier: str, opens_on: date | None, day: date, email: str | None) -> list[str]:
    """Return which conditions of the 100 % web track fail: `modalite`, `region`, `email`.

    `opens_on` is the day on which the web track opens in the person's agency, `day` the day on which eligibility is
    asked, in the agency's zone.
    """
    failing = {
        "modalite": tier != Tier.GUIDE,
        "region": opens_on is None or opens_on > day,
        "email": not email,
    }
    return [condition for condition, fails in failing.items() if fails]


def not_eligible_reason(*, tier: str, opens_on: date | None, day: date, email: str | None) -> str | None:
    """Return the first of the conditions that fail, or None."""
    reasons = not_eligible_reasons(tier=tier, opens_on=opens_on, day=day, email=email)
    return reasons[0] if reasons else None


NOT_ELIGIBLE_SENTENCES = {
    "modalite": "Le 100 % web s'adresse aux personnes suivies dans la modalité « guidé ».",
    "region": "Le 100 % web n'est pas encore ouvert dans votre agence ou votre région.",
    "email": "Il faut une adresse e-mail pour être suivi à distance. Ajoutez-la à la fiche.",
}


PLAN_CHANNELS: dict[ContactNature, tuple[Channel, ...]] = {
    ContactNature.INTERVIEW: (Channel.VIDEO, Channel.PHONE, Channel.ON_SITE),
    ContactNature.MESSAGE: (Channel.CHAT,),
    ContactNature.CALLBACK: (Channel.PHONE,),
}
"""By which channels a contact of each nature can be planned."""

INTERVIEW_MINUTES = 30
"""How long an interview is planned to last."""

LONGEST_REVIEW_DAYS = 366
"""A contact plan is looked at with the person at least once a year."""


def consent_holds(*, accepted: int, binding: int | None) -> bool:
    """Tell whether the acceptance of a version still stands for the text in force.

    `binding` is the newest version that has to be accepted; None where none has to.
    """
    return binding is None or accepted >= binding


def age_on(day: date, birth_date: date) -> int:
    """Return full years of age on `day`."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))


def obligation_periods(*, starts_on: date, interval_days: int, until: date) -> list[tuple[date, date]]:
    """Return the half-open periods [start, end) of a plan that have begun by `until`, oldest first.

    They depend on the plan alone, so whoever asks, and however late, gets the same ones.
    """
    periods = []
    start = starts_on
    while start <= until:
        end = start + timedelta(days=interval_days)
        periods.append((start, end))
        start = end
    return periods
