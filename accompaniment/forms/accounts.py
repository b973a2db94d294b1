"""Log-in and passwords."""

from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError

from accompaniment.forms.fields import EmailField, IdentifierField
from accompaniment.models import AddressChange, User
from accompaniment.rules.passwords import ADVICE, WITH_ADVICE, normalised
from accompaniment.rules.spelling import written

CHOICE_RULES = (
    "12 caractères ou plus, pas seulement des chiffres. N'utilisez ni votre nom, ni celui de ce service, ni une suite "
    "de touches. Le plus simple\u00a0: quatre mots sans rapport entre eux, connus de vous uniquement."
)


class LogInForm(AuthenticationForm):
    """The e-mail address, in any case, and the password. Every refusal has the same sentence."""

    username = EmailField(
        label="Adresse e-mail",
        help_text="Format attendu : nom@domaine.fr",
        widget=forms.EmailInput(attrs={"autocomplete": "username"}),
        error_messages={
            "required": "Entrez votre adresse e-mail.",
            "invalid": "Entrez une adresse e-mail complète, par exemple nom@domaine.fr.",
        },
    )
    password = forms.CharField(
        label="Mot de passe",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": "Entrez votre mot de passe."},
    )
    error_messages = {
        "invalid_login": "L'adresse e-mail ou le mot de passe ne convient pas. Vérifiez-les, ou choisissez "
        "« Mot de passe oublié ».",
        "inactive": "L'adresse e-mail ou le mot de passe ne convient pas. Vérifiez-les, ou choisissez "
        "« Mot de passe oublié ».",
    }

    def clean_username(self) -> str:
        # Normalised before the throttle counts: another spelling is no new address.
        return written(str(self.cleaned_data["username"]))


class PasswordForgottenForm(forms.Form):
    """The address to which a new link goes, if it has an account."""

    email = EmailField(
        label="Adresse e-mail",
        help_text="Celle avec laquelle vous vous connectez. Format attendu : nom@domaine.fr",
        widget=forms.EmailInput(attrs={"autocomplete": "username"}),
        error_messages={
            "required": "Entrez votre adresse e-mail.",
            "invalid": "Entrez une adresse e-mail complète, par exemple nom@domaine.fr.",
        },
    )


class FirstAccessForm(forms.Form):
    """How a person without an account is recognised: the identifier and the e-mail address of the file."""

    use_required_attribute = False

    identifier = IdentifierField(
        label="Identifiant",
        help_text="Sept chiffres et une lettre, sur vos courriers. Format attendu : 1234567A",
        error_messages={
            "required": "Entrez votre identifiant.",
            "invalid": "Entrez sept chiffres et une lettre, par exemple 1234567A.",
        },
    )
    email = EmailField(
        label="Adresse e-mail",
        help_text="Celle que vous avez donnée à votre agence. Format attendu : nom@domaine.fr",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={
            "required": "Entrez votre adresse e-mail.",
            "invalid": "Entrez une adresse e-mail complète, par exemple nom@domaine.fr.",
        },
    )


class ChoosePasswordForm(forms.Form):
    """A new password, typed twice and checked against the rules for this person."""

    password = forms.CharField(
        label="Nouveau mot de passe",
        help_text=CHOICE_RULES,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        error_messages={"required": "Choisissez un mot de passe."},
    )
    confirmation = forms.CharField(
        label="Le même mot de passe, une seconde fois",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        error_messages={"required": "Entrez le mot de passe une seconde fois."},
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        # In the spelling that is hashed, so that the length is the one that counts.
        password = normalised(str(self.cleaned_data["password"]))
        try:
            password_validation.validate_password(password, self.user)
        except ValidationError as refusal:
            if not any(error.code in WITH_ADVICE for error in refusal.error_list):
                raise ValidationError([*refusal.error_list, ValidationError(ADVICE)]) from refusal
            raise
        return password

    def clean_confirmation(self) -> str:
        confirmation = str(self.cleaned_data["confirmation"])
        # A refused password is missing from the cleaned data.
        if normalised(confirmation) != normalised(self.data.get(self.add_prefix("password"), "")):
            raise ValidationError("Les deux mots de passe ne sont pas les mêmes. Entrez-les de nouveau.")
        return confirmation


class CurrentPasswordForm(forms.Form):
    """Base of forms for the account's owner only: they ask for the present password."""

    user: User
    current = forms.CharField(
        label="Mot de passe actuel",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": "Entrez votre mot de passe actuel."},
    )

    def clean_current(self) -> str:
        current = str(self.cleaned_data["current"])
        if not self.user.check_password(current):
            raise ValidationError("Ce n'est pas votre mot de passe actuel. Entrez-le de nouveau.")
        return current


class ChangePasswordForm(ChoosePasswordForm, CurrentPasswordForm):
    """One's own new password, with the present one."""

    field_order = ("current", "password", "confirmation")


class ChangeAddressForm(CurrentPasswordForm):
    """One's own new address, with the password."""

    use_required_attribute = False

    address = EmailField(
        label="Nouvelle adresse e-mail",
        max_length=254,
        help_text="Un lien à confirmer y est envoyé. Format attendu\u00a0: nom@domaine.fr",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={
            "required": "Entrez votre nouvelle adresse e-mail.",
            "invalid": "Entrez une adresse e-mail complète, par exemple nom@domaine.fr.",
        },
    )
    field_order = ("address", "current")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user


class ConfirmAddressForm(forms.Form):
    """The proof that the right person confirms an address, if somebody else than the owner entered it."""

    use_required_attribute = False

    def __init__(self, *args: Any, change: AddressChange, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if change.by_owner:
            return
        if change.user.is_jobseeker:
            self.fields["proof"] = forms.CharField(
                label="Identifiant",
                help_text="Sept chiffres et une lettre, sur vos courriers. Format attendu\u00a0: 1234567A",
                error_messages={"required": "Entrez votre identifiant."},
            )
        else:
            self.fields["proof"] = forms.CharField(
                label="Mot de passe actuel",
                strip=False,
                widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
                error_messages={"required": "Entrez votre mot de passe actuel."},
            )
