"""What a service refuses is said where it can be put right: on the field that it is about, or of the whole form."""

from django import forms

from accompaniment.errors import DomainError


def add_refusal(form: forms.Form, refusal: DomainError, **names: str) -> None:
    """Put a refusal on the field that it is about; of the whole where it names none, or none that the form shows.

    `names`: what the form calls a fact, where that is not its name in the service.
    """
    name = names.get(refusal.about, refusal.about)
    field = form.fields.get(name)
    form.add_error(name if field and not field.widget.is_hidden else None, refusal.sentence)
