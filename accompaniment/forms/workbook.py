"""Notes, action plan and documents: what is typed."""

from django import forms

from accompaniment.forms.fields import DayField, LineField, LinesField
from accompaniment.forms.seen import SeenForm
from accompaniment.rules.french import size_in_words
from accompaniment.services.action_plan import ObjectiveFacts, StepFacts
from accompaniment.services.documents import LARGEST
from accompaniment.services.notes import LONGEST_NOTE

DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class NoteForm(forms.Form):
    body = LinesField(
        label="Note pour l'équipe",
        help_text="La personne ne la voit pas.",
        max_length=LONGEST_NOTE,
        error_messages={"required": "Écrivez la note avant de l'enregistrer."},
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class ObjectiveForm(forms.Form):
    title = LineField(
        label="Nouvel objectif",
        help_text="Par exemple « Passer le permis ».",
        max_length=200,
        error_messages={"required": "Dites en quelques mots de quoi il s'agit."},
    )
    due_on = DayField(label="Pour le", required=False, widget=DAY)


class EditObjectiveForm(SeenForm):
    """The new content of an objective."""

    title = LineField(
        label="Objectif", max_length=200, error_messages={"required": "Dites en quelques mots de quoi il s'agit."}
    )
    due_on = DayField(label="Pour le", required=False, widget=DAY)

    @property
    def facts(self) -> ObjectiveFacts:
        return ObjectiveFacts(title=self.cleaned_data["title"], due_on=self.cleaned_data["due_on"])


class StepForm(forms.Form):
    """The new content of a step."""

    title = LineField(
        label="Étape", max_length=200, error_messages={"required": "Dites en quelques mots de quoi il s'agit."}
    )
    due_on = DayField(label="Pour le", required=False, widget=DAY)

    @property
    def facts(self) -> StepFacts:
        return StepFacts(title=self.cleaned_data["title"], due_on=self.cleaned_data["due_on"])


class EditStepForm(SeenForm, StepForm):
    """The new content of an existing step."""


class DocumentForm(forms.Form):
    title = LineField(label="Titre", help_text="Par exemple « CV ».", required=False, max_length=200)
    file = forms.FileField(
        label="Fichier",
        help_text=f"PDF, image (JPEG, PNG, WebP), ODT ou DOCX, {size_in_words(LARGEST)} au plus.",
        error_messages={"required": "Choisissez un fichier.", "empty": "Ce fichier est vide. Choisissez-en un autre."},
    )
