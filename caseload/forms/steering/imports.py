"""The file that a manager loads."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from accompaniment.rules.imports.encodings import too_large
from accompaniment.rules.spreadsheets import SEPARATOR
from caseload.enums import ImportKind
from caseload.rules.adviser_rows import LAYOUTS

FILENAME_MAXIMUM = 200

FILES = {
    ImportKind.AGENCIES: "Fichier des agences",
    ImportKind.ADVISERS: "Fichier des conseillers",
    ImportKind.JOBSEEKERS: "Fichier des inscriptions",
}


class ImportForm(forms.Form):
    """One file of one kind. The form does not look inside; the reader does."""

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
        self.fields["file"].label = FILES[kind]
        self.columns = SEPARATOR.join(LAYOUTS[kind].columns)
        self.maximum_bytes = settings.IMPORT_MAXIMUM_MEGABYTES * 1024 * 1024
        self.too_large = too_large()

    def clean_file(self) -> UploadedFile:
        """Refuse a file by its size before anything reads it."""
        file: UploadedFile = self.cleaned_data["file"]
        if file.size is None or file.size > self.maximum_bytes:
            raise forms.ValidationError(self.too_large)
        return file

    @property
    def title(self) -> str:
        return str(self.kind.label)


class ImportKindForm(forms.Form):
    """Which of the page's forms was sent."""

    kind = forms.TypedChoiceField(choices=ImportKind.choices, coerce=ImportKind)
