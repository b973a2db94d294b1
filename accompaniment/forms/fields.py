"""Fields that several forms share."""

from typing import Any

from django import forms


class LinesField(forms.CharField):
    """A text of several lines.

    Browsers send two characters for the end of a line that they count as one, so a text that the browser lets through
    would be too long here, and one that nobody has changed would differ from what is stored.
    """

    widget = forms.Textarea

    def to_python(self, value: Any) -> str:
        """Return the text with plain ends of lines."""
        text = value.replace("\r\n", "\n") if isinstance(value, str) else value
        return str(super().to_python(text))
