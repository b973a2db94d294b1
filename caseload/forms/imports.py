"""The file that a manager loads, and the day of opening of a region."""

from typing import Any

from django import forms

from accompaniment.imports.reader import SEPARATOR
from accompaniment.imports.rows import AGENCIES, JOBSEEKERS
from accompaniment.models import Region
from caseload.enums import ImportKind
from caseload.imports import ADVISERS

FILENAME_MAXIMUM = 200

FILES = {
    ImportKind.AGENCIES: ("Fichier des agences", AGENCIES),
    ImportKind.ADVISERS: ("Fichier des conseillers", ADVISERS),
    ImportKind.JOBSEEKERS: ("Fichier des inscriptions", JOBSEEKERS),
}


class ImportForm(forms.Form):
    """One file of one kind. What is in it is judged by the reader, not here."""

    file = forms.FileField(
        max_length=FILENAME_MAXIMUM,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
        error_messages={
            "required": "Choisissez un fichier.",
            "max_length": f"Le nom du fichier dépasse {FILENAME_MAXIMUM} caractères. Renommez-le.",
        },
    )

    def __init__(self, kind: ImportKind, data: Any = None, files: Any = None) -> None:
        super().__init__(data, files, prefix=kind)
        self.kind = kind
        label, layout = FILES[kind]
        self.fields["file"].label = label
        self.columns = SEPARATOR.join(layout.columns)

    @property
    def title(self) -> str:
        return str(self.kind.label)


class ImportKindForm(forms.Form):
    """Which of the forms of the page was sent."""

    kind = forms.TypedChoiceField(choices=ImportKind.choices, coerce=ImportKind)


class RegionOpeningForm(forms.ModelForm):
    """The day on which the 100 % web track opens in a region; empty for none."""

    class Meta:
        model = Region
        fields = ("web_opens_on",)
        widgets = {"web_opens_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}
        labels = {"web_opens_on": "Jour d'ouverture du 100 % web"}
        help_texts = {"web_opens_on": "Laissez vide tant que l'ouverture n'est pas décidée."}
