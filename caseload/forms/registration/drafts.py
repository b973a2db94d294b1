"""What a page says of the draft of a registration interview that two advisers type into."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from accompaniment.models import Enrolment, RegistrationInterview
from accompaniment.reads.standing import current_accompaniment
from accompaniment.services.registration import FieldChange
from caseload.forms.registration.interview import FREE_TEXTS, label_of, value_in_words, yes_or_no
from caseload.models.portfolios import PortfolioQuerySet


@dataclass(frozen=True)
class Conflict:
    """One field that two have changed, as the page shows it."""

    name: str
    label: str
    author: str
    at: datetime | None
    theirs: str
    mine: str
    seen: str
    """The other one's version as it is kept, which the page sends back with the choice."""
    can_keep_both: bool


def author_of(change: FieldChange) -> str:
    """Return who typed it."""
    if change.by_me:
        return "vous, dans une autre fenêtre"
    return change.by or "un autre conseiller"


def news_in_words(changes: Iterable[FieldChange]) -> list[str]:
    """Return a sentence per author: « Changé entre-temps par Anne Vidal : Situation et projet. »."""
    by_author: dict[str, list[str]] = {}
    for change in changes:
        by_author.setdefault(author_of(change), []).append(label_of(change.name))
    return [f"Changé entre-temps par {author}\u00a0: {', '.join(labels)}." for author, labels in by_author.items()]


def conflicts_in_words(changes: Iterable[FieldChange], portfolios: PortfolioQuerySet) -> list[Conflict]:
    """Return each field that two have changed, with both versions as people read them."""
    return [
        Conflict(
            name=change.name,
            label=label_of(change.name),
            author=author_of(change),
            at=change.at,
            theirs=value_in_words(change.name, change.theirs, portfolios),
            mine=value_in_words(change.name, change.mine, portfolios),
            seen=change.theirs,
            can_keep_both=change.name in FREE_TEXTS and bool(change.theirs and change.mine),
        )
        for change in changes
    ]


def initial_of(enrolment: Enrolment, interview: RegistrationInterview | None) -> dict[str, str]:
    """Return what the person's file says, and over it what was typed before.

    The track is nobody's to begin with: it is chosen when the person has confirmed the wish.
    """
    person = enrolment.jobseeker
    from_file = {
        "has_webcam": yes_or_no(person.has_webcam),
        "bandwidth": person.bandwidth,
        "preferred_channel": person.preferred_channel,
        "preferred_hours": person.preferred_hours,
        "tier": current_accompaniment(person).tier,
    }
    if interview is None:
        return {name: str(value) for name, value in from_file.items()}
    emptied = dict.fromkeys((name for name in interview.touched if name not in interview.typed), "")
    return {name: str(value) for name, value in {**from_file, **emptied, **interview.typed}.items()}
