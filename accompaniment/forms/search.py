"""A search for somebody: one line that is typed, and why it was not read."""

from dataclasses import dataclass

from django import forms

from accompaniment.forms.fields import LineField

LONGEST = 80  # characters


@dataclass(frozen=True, slots=True)
class Search:
    """What was typed, in `words`, and why it was refused, if it was. Refused words find nobody."""

    words: str = ""
    refusal: str = ""


class SearchField(LineField):
    """What is looked for: a name or an identifier."""

    def __init__(self, *, label: str) -> None:
        super().__init__(label=label, required=False, max_length=LONGEST)


def search_in(form: forms.Form) -> Search:
    """Read what was typed in the field `q` of a form."""
    if form.is_valid() or "q" not in form.errors:
        return Search(words=form.cleaned_data.get("q", ""))
    return Search(words=form.data.get("q", ""), refusal=f"La recherche est trop longue\u00a0: {form.errors['q'][0]}")
