"""Parsing of forms about absences."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField

from accompaniment.forms.fields import CHOOSE, DayField, LinesField
from accompaniment.rules.french import counted, days_from_to, of_name
from accompaniment.rules.presentation import account_in_words
from caseload.hooks.adviser_absences import MOVE, RELAY, Decision, Question
from caseload.models import Adviser, Cover, Portfolio

DAY = {"invalid": "Écrivez une date comme ceci\u00a0: 24/12/2026."}


def _day_input() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def day_typed(text: str) -> date | None:
    """Return the typed day, which is needed before the full form for these days can be made."""
    try:
        day: date | None = DayField(required=False).clean(text)
    except ValidationError:
        return None
    return day


def colleague_in_words(colleague: Adviser) -> str:
    """Return the label of a colleague who may cover; it says if the account was never opened."""
    unopened = account_in_words(colleague.user)
    return f"{colleague} ({unopened})" if unopened else str(colleague)


def portfolio_in_words(portfolio: Portfolio) -> str:
    """Return the label of a portfolio among those of its adviser."""
    return f"{portfolio.get_modality_display()}, {counted(portfolio.occupied, 'une personne')}"


class ColleaguesField(forms.TypedMultipleChoiceField):
    """A choice that is shown as required. The service decides whether it may be empty."""

    def validate(self, value: Any) -> None:
        if value:
            super().validate(value)


@dataclass(frozen=True, kw_only=True)
class RelayToHandOn:
    """A cover that the absent adviser holds, the days in common, and the colleagues who may take it over."""

    cover: Cover
    starts_on: date
    ends_on: date
    colleagues: Sequence[Adviser]

    @property
    def name(self) -> str:
        return f"reprise_{self.cover.pk}"

    @property
    def whom(self) -> str:
        """The sentence that names the covered adviser and the days."""
        portfolio = self.cover.portfolio
        days = days_from_to(self.starts_on, self.ends_on)
        return f"relais {of_name(portfolio.adviser)}, {portfolio_in_words(portfolio)}, {days}"


class AbsenceForm(forms.Form):
    """The days, and for each portfolio the colleagues who answer: several of the agency and one of another agency."""

    du = DayField(
        label="Premier jour", error_messages={"required": "Indiquez le premier jour.", **DAY}, widget=_day_input()
    )
    au = DayField(
        label="Dernier jour",
        help_text="Inclus. Pour un seul jour, écrivez deux fois le même.",
        error_messages={"required": "Indiquez le dernier jour.", **DAY},
        widget=_day_input(),
    )

    def __init__(
        self,
        *args: Any,
        portfolios: Sequence[Portfolio],
        colleagues: Iterable[Adviser],
        agency: int,
        relays: Sequence[RelayToHandOn] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.portfolios = portfolios
        self.relays = relays
        beside: list[tuple[int, str]] = []
        elsewhere: dict[str, list[tuple[int, str]]] = {}
        for colleague in colleagues:
            line = (colleague.pk, colleague_in_words(colleague))
            if colleague.agency_id == agency:
                beside.append(line)
            else:
                elsewhere.setdefault(str(colleague.agency), []).append(line)
        for portfolio in portfolios:
            whom = portfolio_in_words(portfolio)
            if beside:
                self.fields[f"relais_{portfolio.pk}"] = ColleaguesField(
                    label=f"Qui répond\u00a0? {whom}",
                    choices=beside,
                    coerce=int,
                    widget=forms.CheckboxSelectMultiple,
                    error_messages={"invalid_choice": "Choisissez parmi les collègues de la liste."},
                )
            if elsewhere:
                self.fields[f"autre_{portfolio.pk}"] = forms.TypedChoiceField(
                    label=f"Quelqu'un d'une autre agence\u00a0? {whom}",
                    choices=[("", "Personne"), *sorted(elsewhere.items())],
                    coerce=int,
                    empty_value=None,
                    required=False,
                    error_messages={"invalid_choice": "Choisissez parmi les collègues de la liste."},
                )
        for relay in relays:
            if relay.colleagues:
                self.fields[relay.name] = forms.TypedChoiceField(
                    label=f"Qui reprend le {relay.whom}\u00a0?",
                    choices=[
                        CHOOSE,
                        *((one.pk, f"{colleague_in_words(one)}, {one.agency}") for one in relay.colleagues),
                    ],
                    coerce=int,
                    empty_value=None,
                    required=False,
                    error_messages={"invalid_choice": "Choisissez parmi les collègues de la liste."},
                )
                self.fields[relay.name].widget.is_required = True

    @property
    def handed_on(self) -> dict[int, int]:
        """Who takes over each cover, as primary keys."""
        facts = self.cleaned_data
        return {relay.cover.pk: facts[relay.name] for relay in self.relays if facts.get(relay.name)}

    @property
    def chosen(self) -> dict[int, list[int]]:
        """The colleagues by portfolio, as primary keys."""
        facts = self.cleaned_data
        found = {portfolio.pk: list(facts.get(f"relais_{portfolio.pk}") or ()) for portfolio in self.portfolios}
        for portfolio in self.portfolios:
            if facts.get(f"autre_{portfolio.pk}"):
                found[portfolio.pk].append(facts[f"autre_{portfolio.pk}"])
        return found

    @property
    def typed(self) -> list[tuple[str, str]]:
        """Return the names and values that reproduce this form when they are sent again."""
        return [(bound.html_name, value) for bound in self for value in _values(bound)]


def _values(bound: BoundField) -> list[str]:
    value = bound.data
    return [str(one) for one in value] if isinstance(value, list) else [str(value or "")]


class ExtensionForm(AbsenceForm):
    """A later last day, and who covers on the added days."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["du"]
        self.fields["au"].label = "Nouveau dernier jour"
        self.fields["au"].help_text = "Inclus."


ALL_AT_ONCE = "tous"
"""One decision for all interviews, named in the address. Each interview can still be decided differently."""


def decided_at_once(questions: Iterable[Question], choice: str) -> dict[str, str]:
    """Return the same decision for each question that offers it: move it, or give it to the first free colleague."""
    found = {}
    for question in questions:
        fitting = [one.value for one in question.choices if one.value == choice or one.value.startswith(f"{choice}:")]
        if choice in {MOVE, RELAY} and fitting:
            found[question.key] = fitting[0]
    return found


class DecisionForm(forms.Form):
    """A decision for each booking on these days."""

    def __init__(self, *args: Any, questions: Sequence[Question], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.questions = questions
        for question in questions:
            self.fields[question.key] = forms.ChoiceField(
                label=f"{question.person}, {question.what}",
                choices=[(choice.value, choice.label) for choice in question.choices],
                widget=forms.RadioSelect,
                error_messages={
                    "required": "Dites ce que devient cet entretien.",
                    "invalid_choice": "Ce choix n'est plus possible\u00a0: décidez de nouveau.",
                },
            )
            self.fields[f"{question.key}-message"] = LinesField(
                label=f"Message à {question.person}",
                help_text="Demandé si l'entretien est annulé. La personne le reçoit par e-mail.",
                required=False,
                max_length=500,
                widget=forms.Textarea(attrs={"rows": 2}),
            )

    @property
    def decisions(self) -> Mapping[str, Decision]:
        facts = self.cleaned_data
        return {
            question.key: Decision(choice=facts[question.key], message=facts[f"{question.key}-message"])
            for question in self.questions
            if question.key in facts
        }

    @property
    def ways(self) -> list[tuple[str, str]]:
        """Return the decisions that can be made for all bookings at once, if there are several."""
        if len(self.questions) < 2:
            return []
        return [
            (choice, label)
            for choice, label in ((MOVE, "Tous à déplacer"), (RELAY, "Tous tenus par le relais"))
            if decided_at_once(self.questions, choice)
        ]

    @property
    def undecided(self) -> int:
        """Return how many bookings have no decision after the common one."""
        return sum(question.key not in self.initial for question in self.questions)

    @property
    def pairs(self) -> list[tuple[BoundField, BoundField]]:
        """Each choice with its message."""
        return [(self[question.key], self[f"{question.key}-message"]) for question in self.questions]


class EndForm(forms.Form):
    """An earlier last day. Without a day the absence is called off."""

    sometimes_required = ("au",)

    au = DayField(label="Nouveau dernier jour", required=False, error_messages=DAY, widget=_day_input())


class ReplaceForm(forms.Form):
    """Another colleague for one cover."""

    collegue = forms.TypedChoiceField(
        label="Autre relais",
        coerce=int,
        error_messages={
            "required": "Choisissez un collègue.",
            "invalid_choice": "Choisissez parmi les collègues de la liste.",
        },
    )

    def __init__(self, *args: Any, colleagues: Iterable[Adviser], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["collegue"].choices = [  # type: ignore[attr-defined]
            CHOOSE,
            *((colleague.pk, f"{colleague_in_words(colleague)}, {colleague.agency}") for colleague in colleagues),
        ]


class AddCoverForm(ReplaceForm):
    """One more colleague for a portfolio of the absent adviser."""

    portefeuille = forms.TypedChoiceField(
        label="Portefeuille",
        coerce=int,
        error_messages={
            "required": "Choisissez un portefeuille.",
            "invalid_choice": "Choisissez parmi les portefeuilles de la liste.",
        },
    )
    field_order = ("portefeuille", "collegue")

    def __init__(
        self, *args: Any, portfolios: Sequence[Portfolio], colleagues: Iterable[Adviser], **kwargs: Any
    ) -> None:
        super().__init__(*args, colleagues=colleagues, **kwargs)
        self.fields["collegue"].label = "Collègue"
        named = [(portfolio.pk, portfolio_in_words(portfolio)) for portfolio in portfolios]
        self.fields["portefeuille"].choices = (  # type: ignore[attr-defined]
            named if len(named) == 1 else [CHOOSE, *named]
        )


class AdviserChoiceForm(forms.Form):
    """The adviser whose absence a manager declares."""

    conseiller = forms.ModelChoiceField(label="Conseiller", queryset=Adviser.objects.none(), empty_label=CHOOSE[1])

    def __init__(self, *args: Any, advisers: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["conseiller"].queryset = advisers  # type: ignore[attr-defined]
