"""Pure decisions of the ground floor: no database, no clock."""

from datetime import date

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
"""The minimum number of days to explain an absence, from article R. 5412-7 of the Code du travail.

The operator may allow more.
"""


def modality_of(tier: str, track: str) -> Modality:
    """Return the modality, for which caps and cadences are set. Only guidé has a 100 % web variant.

    Raises ValueError for an impossible pair.
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


NOT_ELIGIBLE_SENTENCES = {
    "modalite": "Le 100\u00a0% web s'adresse aux personnes suivies dans la modalité «\u00a0guidé\u00a0».",
    "region": "Le 100\u00a0% web n'est pas encore ouvert dans votre agence ou votre région.",
    "email": "Il faut une adresse e-mail pour être suivi à distance. Ajoutez-la à la fiche.",
}


PLAN_CHANNELS: dict[ContactNature, tuple[Channel, ...]] = {
    ContactNature.INTERVIEW: (Channel.VIDEO, Channel.PHONE, Channel.ON_SITE),
    ContactNature.MESSAGE: (Channel.CHAT,),
    ContactNature.CALLBACK: (Channel.PHONE,),
}
"""The channels by which a contact of each nature can be planned."""

NOTED_CHANNELS: dict[ContactNature, Channel] = {
    ContactNature.CALL: Channel.PHONE,
    ContactNature.VISIT: Channel.ON_SITE,
    ContactNature.LETTER: Channel.MAIL,
}
"""The natures of the contacts outside the service's own channels, which an adviser notes, with their channel."""


def as_planned(nature: str) -> frozenset[str]:
    """Return the natures that are the contact which a plan of `nature` asks for: a call that was noted is a call."""
    return frozenset({nature, ContactNature.CALL} if nature == ContactNature.CALLBACK else {nature})


INTERVIEW_MINUTES = 30
"""The planned length of an interview."""

LONGEST_REVIEW_DAYS = 366
"""The longest time between two reviews of a contact plan: a year."""


def consent_holds(*, accepted: int, binding: int | None) -> bool:
    """Return whether the acceptance of a version is valid for the text in force.

    `binding` is the newest version that must be accepted, or None.
    """
    return binding is None or accepted >= binding


def age_on(day: date, birth_date: date) -> int:
    """Return full years of age on `day`."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))
