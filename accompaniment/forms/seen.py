"""A form that sends back what its page showed, so that nobody overwrites what they have not read."""

from typing import Any, ClassVar, Self

from django import forms
from django.http import QueryDict

from accompaniment.rules.meanwhile import ChangedMeanwhileError, Shown, State


class SeenForm(forms.Form):
    """`shown` is the present state of the row. A new page shows it, and a sent form is compared with it."""

    takes_over: ClassVar[bool] = False
    """Whether the fields are those of the row. A field that only somebody else has changed then takes the new value."""

    field_order = ("seen",)
    """Read first, because the other fields may use it."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, shown: Shown, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.shown = shown
        self.initial["seen"] = shown.token

    def clean_seen(self) -> State:
        return self.shown.read(self.cleaned_data["seen"])

    def again(self, changed: ChangedMeanwhileError) -> Self:
        """Return the valid form with the typed values, as on a page that shows the present state."""
        data = QueryDict(mutable=True)
        data.update(self.data)
        data[self.add_prefix("seen")] = changed.now.token
        if self.takes_over:
            before = self.cleaned_data["seen"]
            for name in changed.now.state.keys() - changed.changed & self.fields.keys():
                if self.cleaned_data.get(name) == before.get(name):
                    data[self.add_prefix(name)] = changed.now.state[name]
        self.data = data
        return self
