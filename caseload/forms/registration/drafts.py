"""What the page says about a draft of a registration interview that two advisers are editing."""

from collections.abc import Mapping

from accompaniment.models import Enrolment, RegistrationInterview
from accompaniment.reads.standing import current_accompaniment
from accompaniment.rules.meanwhile import Shown, State
from accompaniment.services.registration import FREE_TEXTS, FieldChange, SavedDraft
from caseload.forms.registration.interview import DRAFT_FIELDS, label_of, value_in_words, yes_or_no
from caseload.models.portfolios import PortfolioQuerySet


def shown_draft(enrolment: Enrolment, fields: State) -> Shown:
    """Return what a page shows of the draft before anything is typed into it."""
    return Shown("draft", enrolment.pk, {name: fields.get(name, "") for name in DRAFT_FIELDS})


def base_in(data: Mapping[str, str], enrolment: Enrolment) -> State:
    """Return what the sent page showed of the draft; NOT_SEEN if the field is missing or forged."""
    return shown_draft(enrolment, {}).read(data.get("base", ""))


def author_of(change: FieldChange) -> str:
    """Return who typed the other version."""
    if change.by_me:
        return "vous, plus tôt ou dans une autre fenêtre"
    return change.by or "un autre conseiller"


def news_in_words(saved: SavedDraft) -> list[str]:
    """Return a sentence per author: « Changé entre-temps par Anne Vidal : Situation et projet. »."""
    what = "Déjà enregistré" if saved.shown_nothing else "Changé entre-temps"
    by_author: dict[str, list[str]] = {}
    for change in saved.news:
        if change.by_both:
            continue
        by_author.setdefault(author_of(change), []).append(label_of(change.name))
    return [f"{what} par {author}\u00a0: {', '.join(labels)}." for author, labels in by_author.items()]


def both_in_words(saved: SavedDraft, portfolios: PortfolioQuerySet) -> list[str]:
    """Return, for each field that two people have changed, what both wrote and what is kept."""
    return [_both(change, portfolios) for change in saved.news if change.by_both]


def _both(change: FieldChange, portfolios: PortfolioQuerySet) -> str:
    label, author = label_of(change.name), author_of(change)
    if change.name in FREE_TEXTS:
        if not change.mine:
            said = f"écrit par {author}, effacé ici. Le texte est gardé\u00a0: effacez-le de nouveau si besoin."
        elif not change.theirs:
            said = f"effacé par {author}, écrit ici. Le texte est gardé\u00a0: effacez-le si besoin."
        else:
            said = f"écrit aussi par {author}. Les deux textes sont gardés, l'un après l'autre. Relisez-les."
        return f"«\u00a0{label}\u00a0»\u00a0: {said}"
    theirs, mine = (value_in_words(change.name, value, portfolios) for value in (change.theirs, change.mine))
    return (
        f"«\u00a0{label}\u00a0»\u00a0: «\u00a0{theirs}\u00a0» par {author}, «\u00a0{mine}\u00a0» ici. La première "
        "réponse est gardée\u00a0: changez-la si besoin."
    )


def initial_of(enrolment: Enrolment, interview: RegistrationInterview | None) -> dict[str, str]:
    """Return the fields of the person's file, overwritten by what was typed before.

    The track has no initial value, because it is chosen after the person has confirmed the request.
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
