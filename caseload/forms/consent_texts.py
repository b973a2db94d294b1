"""What a manager of the whole country writes to publish a new version of the text to accept."""

from typing import Any

from django import forms

from accompaniment.forms.fields import LineField, LinesField, NumberField

PREVIEW, CORRECT, PUBLISH = "relire", "corriger", "publier"
SUPPLIED = "fourni"


class ConsentTextForm(forms.Form):
    """The next version; `after` is the one that the manager had before them."""

    use_required_attribute = False

    after = NumberField(widget=forms.HiddenInput, min_value=0)
    title = LineField(
        label="Titre", max_length=120, error_messages={"required": "Donnez un titre de 120 caractères au plus."}
    )
    body = LinesField(
        label="Texte",
        help_text="Une ligne vide sépare les paragraphes. Un titre commence par «\u00a0##\u00a0» et une espace, un "
        "élément de liste par «\u00a0-\u00a0» et une espace. Écrivez des phrases courtes, que chacun comprend.",
        max_length=50_000,
        widget=forms.Textarea(attrs={"rows": 24}),
        error_messages={"required": "Écrivez le texte à accepter."},
    )
    needs_acceptance = forms.BooleanField(
        label="Cette version doit être acceptée de nouveau",
        help_text="Les personnes suivies 100 % web reçoivent un e-mail et voient le nouveau texte sur chaque page. "
        "Leur suivi continue pendant ce temps. Sans cette case, leur acceptation reste valable.",
        required=False,
    )

    def hidden(self) -> dict[str, Any]:
        """Return the fields as hidden inputs, for the page on which what was typed is read again."""
        return {name: field.as_hidden() for name, field in ((name, self[name]) for name in self.fields)}
