"""What somebody types to find a person's file."""

from django import forms

from accompaniment.forms.fields import SearchField


class PersonSearchForm(forms.Form):
    q = SearchField(label="Nom, identifiant ou téléphone")
