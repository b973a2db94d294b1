"""What is asked for and changed in a person's file: the timeline's filter, contact details, the tier."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms

from accompaniment.enums import Channel, PreferredHours, Tier
from accompaniment.forms.fields import EmailField, LineField, LinesField, NumberField
from accompaniment.models import Jobseeker
from accompaniment.rules.imports import values
from accompaniment.rules.imports.values import DoubtfulValueError, InvalidValueError
from accompaniment.rules.parsing import instant_in
from accompaniment.rules.spelling import written
from accompaniment.services.contact_details import DETAILS, dialling_region
from accompaniment.templatetags.french import telephone
from caseload.enums import TimelineKind


@dataclass(frozen=True, slots=True)
class TimelineFilter:
    """One kind of events (None: all), before an instant (None: the newest)."""

    kind: TimelineKind | None
    before: datetime | None


class TimelineForm(forms.Form):
    fil = forms.TypedChoiceField(required=False, choices=TimelineKind.choices, coerce=TimelineKind, empty_value=None)
    avant = LineField(required=False, max_length=40)

    @property
    def asked(self) -> TimelineFilter:
        """What the address asks for."""
        self.is_valid()
        found = self.cleaned_data
        return TimelineFilter(kind=found.get("fil"), before=instant_in(found.get("avant", "").replace(" ", "+")))


POSTAL_CODE = re.compile(r"[0-9]{5}")


class ReachForm(forms.Form):
    """Telephone and e-mail address. The number is read as it is dialled where the person's agency is."""

    phone = LineField(label="Téléphone", required=False, max_length=30)
    email = EmailField(
        label="Adresse e-mail",
        required=False,
        max_length=254,
        error_messages={"invalid": "Écrivez une adresse complète, par exemple prenom.nom@exemple.fr."},
    )

    def __init__(self, *args: Any, person: Jobseeker, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.region = dialling_region(person.agency)
        self.fields["email"].help_text = what_a_new_address_does(person)

    def clean_phone(self) -> str:
        number: str = self.cleaned_data["phone"]
        if number == self.initial.get("phone", ""):
            return number
        try:
            return values.phone(number, self.region)
        except DoubtfulValueError as doubt:
            raise forms.ValidationError("Écrivez un seul numéro, sans rien d'autre.") from doubt
        except InvalidValueError as error:
            raise forms.ValidationError("Écrivez un numéro complet, par exemple 06 12 34 56 78.") from error

    def clean_email(self) -> str:
        return written(self.cleaned_data["email"] or "")


def what_a_new_address_does(person: Jobseeker) -> str:
    """Say to who corrects an address what follows for the person's log-in."""
    if person.user is None:
        return ""
    if not person.user.has_usable_password():
        return (
            "La personne n'a pas encore ouvert son espace\u00a0: si vous changez cette adresse, le lien d'avant "
            "s'éteint et un autre part à la nouvelle."
        )
    return (
        f"La personne se connecte avec {person.user.email}. Si vous changez cette adresse, un lien à confirmer avec "
        "son identifiant part à la nouvelle, et l'ancienne boîte de réception est prévenue."
    )


class DetailsForm(ReachForm):
    postal_code = LineField(label="Code postal", required=False, max_length=5)
    commune = LineField(label="Commune", required=False, max_length=80)
    preferred_channel = forms.ChoiceField(
        label="Canal préféré", required=False, choices=[("", "Non précisé"), *Channel.choices]
    )
    preferred_hours = forms.ChoiceField(
        label="Heures préférées", required=False, choices=[("", "Non précisé"), *PreferredHours.choices]
    )

    def clean_postal_code(self) -> str:
        code: str = self.cleaned_data["postal_code"].strip()
        if code and not POSTAL_CODE.fullmatch(code):
            raise forms.ValidationError("Un code postal a cinq chiffres.")
        return code


class DetailsSeenForm(forms.Form):
    """The details as they were when the page was made; hidden, and free of any check."""

    prefix = "vu"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in DETAILS:
            self.fields[name] = forms.CharField(required=False, widget=forms.HiddenInput)


class CorrectionForm(ReachForm):
    """Telephone and address that turn out wrong at the identity check; its fields are none of the draft's.

    It stands inside the page's own form, so that whichever button is pressed sends it along. `seen` is what the page
    showed: only what was changed since is written.
    """

    prefix = "correction"
    seen_phone = forms.CharField(required=False, widget=forms.HiddenInput)
    seen_email = forms.CharField(required=False, widget=forms.HiddenInput)
    field_order = ("seen_phone", "seen_email", "phone", "email")
    use_required_attribute = False

    def __init__(self, *args: Any, person: Jobseeker, **kwargs: Any) -> None:
        now = {"phone": person.phone, "email": person.email or ""}
        kwargs["initial"] = {**now, **{f"seen_{name}": value for name, value in now.items()}}
        super().__init__(*args, person=person, **kwargs)
        for name in ("seen_phone", "seen_email"):
            # Restored by the browser with what was typed, so that a colleague's newer value is not taken for one seen.
            self.fields[name].widget.attrs.update({"data-keep-too": True, "autocomplete": "off"})
        # What a person without an address is asked for stands beside.
        self.offers_email = bool(person.email)

    def clean_phone(self) -> str:
        number: str = self.cleaned_data["phone"]
        return number if number == self.cleaned_data.get("seen_phone") else super().clean_phone()

    @property
    def seen(self) -> dict[str, str]:
        """What the page showed, by detail; of a valid form."""
        return {"phone": self.cleaned_data["seen_phone"], "email": self.cleaned_data["seen_email"]}

    @property
    def typed(self) -> dict[str, str]:
        """What was typed, by detail; a field that the page did not have says what the page showed."""
        return {
            name: self.cleaned_data[name] if self.add_prefix(name) in self.data else seen
            for name, seen in self.seen.items()
        }

    def against(self, person: Jobseeker, conflicts: frozenset[str]) -> "CorrectionForm":
        """Return the form with what was typed, beside what a colleague has written meanwhile."""
        data = dict(self.data.items())
        now = {"phone": person.phone, "email": person.email or ""}
        for name in conflicts & now.keys():
            data[self.add_prefix(f"seen_{name}")] = now[name]
        form = CorrectionForm(data, person=person)
        for name in sorted(conflicts & now.keys()):
            shown = telephone(now[name]) if name == "phone" else now[name]
            theirs = f"Un collègue a écrit «\u00a0{shown}\u00a0» entre-temps." if shown else "Un collègue l'a effacé."
            form.add_error(name, f"{theirs} Gardez votre saisie ou reprenez la sienne.")
        return form


TIER_GUIDE = {
    Tier.RENFORCE: "Loin de l'emploi : des contacts fréquents, en agence.",
    Tier.GUIDE: "Entre les deux : des contacts réguliers. C'est la seule modalité qui ouvre le 100 % web.",
    Tier.SUIVI: "Autonome et proche de l'emploi : des points espacés, surtout à distance.",
}


class TierChoiceForm(forms.Form):
    """Which tier the page looks at, read from the address."""

    modalite = forms.TypedChoiceField(choices=Tier.choices, coerce=Tier, required=False, empty_value=None)


class TierChangeForm(forms.Form):
    """The change itself; `period` is the accompaniment that the adviser had before them."""

    use_required_attribute = False

    period = NumberField(widget=forms.HiddenInput)
    tier = forms.TypedChoiceField(choices=Tier.choices, coerce=Tier, widget=forms.HiddenInput)
    reason = LinesField(
        label="Motif du changement",
        help_text="La personne le lit dans son espace. 200 caractères au plus.",
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={
            "required": "Indiquez le motif du changement de modalité.",
        },
    )
