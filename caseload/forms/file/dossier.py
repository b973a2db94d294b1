"""What can be filtered and changed in a person's file: the timeline, contact details, the tier."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms

from accompaniment.enums import OWN_CHANNELS, PreferredHours, Tier
from accompaniment.forms.fields import EmailField, LineField, LinesField
from accompaniment.forms.seen import SeenForm
from accompaniment.models import Jobseeker
from accompaniment.rules.imports import values
from accompaniment.rules.imports.values import DoubtfulValueError, InvalidValueError
from accompaniment.rules.meanwhile import ChangedMeanwhileError
from accompaniment.rules.parsing import instant_in
from accompaniment.rules.spelling import written
from accompaniment.services.contact_details import dialling_region, shown_details
from accompaniment.templatetags.french import telephone
from caseload.enums import TimelineKind


@dataclass(frozen=True, slots=True)
class TimelineFilter:
    """Events of one kind (None: all kinds) before an instant (None: the newest)."""

    kind: TimelineKind | None
    before: datetime | None


class TimelineForm(forms.Form):
    fil = forms.TypedChoiceField(required=False, choices=TimelineKind.choices, coerce=TimelineKind, empty_value=None)
    avant = LineField(required=False, max_length=40)

    @property
    def asked(self) -> TimelineFilter:
        """The filter in the URL."""
        self.is_valid()
        found = self.cleaned_data
        return TimelineFilter(kind=found.get("fil"), before=instant_in(found.get("avant", "").replace(" ", "+")))


POSTAL_CODE = re.compile(r"[0-9]{5}")


class ReachForm(SeenForm):
    """Telephone number and e-mail address. A number is read as it is dialled in the country of the person's agency."""

    takes_over = True

    phone = LineField(label="Téléphone", required=False, max_length=30)
    email = EmailField(
        label="Adresse e-mail",
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        max_length=254,
        error_messages={"invalid": "Écrivez une adresse complète, par exemple prenom.nom@exemple.fr."},
    )

    def __init__(self, *args: Any, person: Jobseeker, **kwargs: Any) -> None:
        super().__init__(*args, shown=shown_details(person), **kwargs)
        self.region = dialling_region(person.agency)
        self.fields["email"].help_text = what_a_new_address_does(person)

    def clean_phone(self) -> str:
        number: str = self.cleaned_data["phone"]
        if number in {self.cleaned_data["seen"].get("phone", ""), self.shown.state["phone"]}:
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
    """Explain what a new address changes for the person's log-in."""
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
        label="Canal préféré", required=False, choices=[("", "Non précisé"), *OWN_CHANNELS]
    )
    preferred_hours = forms.ChoiceField(
        label="Heures préférées", required=False, choices=[("", "Non précisé"), *PreferredHours.choices]
    )

    def clean_postal_code(self) -> str:
        code: str = self.cleaned_data["postal_code"].strip()
        if code and not POSTAL_CODE.fullmatch(code):
            raise forms.ValidationError("Un code postal a cinq chiffres.")
        return code


class CorrectionForm(ReachForm):
    """Corrections of telephone and address at the identity check. These fields are not part of the draft.

    The fields are inside the page's own form, so every button sends them. Only details that were changed since the
    page was made are written.
    """

    prefix = "correction"
    use_required_attribute = False

    def __init__(self, *args: Any, person: Jobseeker, **kwargs: Any) -> None:
        initial = {"phone": person.phone, "email": person.email or ""}
        super().__init__(*args, person=person, initial=initial, **kwargs)
        # The browser restores it together with the typed text, so a colleague's newer value does not count as seen.
        self.fields["seen"].widget.attrs.update({"data-keep-too": True, "autocomplete": "off"})
        # A person without an address is asked for one elsewhere on the page.
        self.offers_email = bool(person.email)

    @property
    def typed(self) -> dict[str, str]:
        """Return the typed details for which the page had a field; call it on a valid form."""
        return {name: self.cleaned_data[name] for name in ("phone", "email") if self.add_prefix(name) in self.data}

    def say_theirs(self, changed: ChangedMeanwhileError) -> None:
        """Show at each changed field its present value, and keep what was typed."""
        self.again(changed)
        for name in sorted(changed.changed):
            value = changed.now.state[name]
            shown = telephone(value) if name == "phone" else value
            if changed.shown_nothing:
                now = f"Le dossier dit «\u00a0{shown}\u00a0»." if shown else "Le dossier ne dit rien ici."
                theirs = "ce qui est enregistré"
            else:
                now = f"Un collègue a écrit «\u00a0{shown}\u00a0» entre-temps." if shown else "Un collègue l'a effacé."
                theirs = "la sienne"
            self.add_error(name, f"{now} Gardez votre saisie ou reprenez {theirs}.")


TIER_GUIDE = {
    Tier.RENFORCE: "Loin de l'emploi\u00a0: des contacts fréquents, en agence.",
    Tier.GUIDE: "Entre les deux\u00a0: des contacts réguliers. C'est la seule modalité qui ouvre le 100\u00a0% web.",
    Tier.SUIVI: "Autonome et proche de l'emploi\u00a0: des points espacés, surtout à distance.",
}


class TierChoiceForm(forms.Form):
    """The tier that the page shows, from the URL."""

    modalite = forms.TypedChoiceField(choices=Tier.choices, coerce=Tier, required=False, empty_value=None)


class TierChangeForm(SeenForm):
    """The change itself."""

    use_required_attribute = False

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
