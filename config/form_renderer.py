"""How forms look: every bound field knows its shape and its class in the design system."""

from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.forms.renderers import TemplatesSetting
from django.utils.functional import cached_property

from accompaniment.views.kept_forms import typed_before

_CLASSES: tuple[tuple[type[forms.Widget], str, str], ...] = (
    # The first line whose class the widget is an instance of applies.
    (forms.HiddenInput, "hidden", ""),
    (forms.CheckboxSelectMultiple, "checkboxes", ""),
    (forms.RadioSelect, "radios", ""),
    (forms.CheckboxInput, "checkbox", ""),
    (forms.Select, "select", "fr-select"),
    (forms.FileInput, "file", "fr-upload"),
    (forms.PasswordInput, "password", "fr-password__input fr-input"),
    (forms.Textarea, "textarea", "fr-input"),
    (forms.Widget, "input", "fr-input"),
)

_TYPED = (forms.TextInput, forms.Textarea)
"""Widgets that take text in any writing direction."""


class DesignSystemBoundField(BoundField):
    """A field that `partials/_form_field.html` can draw, whatever its widget."""

    @cached_property
    def initial(self) -> Any:
        """Return the initial data of the form: what was typed on this page before the session ended, if anything."""
        typed = typed_before().get(self.html_name)
        if typed is None or self.form.is_bound or self.kind in {"hidden", "file", "password"}:
            return super().initial
        return typed if self.kind == "checkboxes" else typed[-1]

    @property
    def kind(self) -> str:
        """Return the shape: hidden, checkboxes, radios, checkbox, select, file, password, textarea or input."""
        return next(kind for widget, kind, _ in _CLASSES if isinstance(self.field.widget, widget))

    @property
    def is_optional(self) -> bool:
        """Return whether the form accepts it empty, whatever else was chosen; forms name fields that may become
        required.
        """
        return not self.field.required and self.name not in getattr(self.form, "sometimes_required", ())

    @property
    def group_classes(self) -> str:
        """Return the classes of the group around a single control, with its states."""
        shape = {"select": "select", "file": "upload"}.get(self.kind, "input")
        classes = [f"fr-{shape}-group"]
        if self.errors:
            classes.append(f"fr-{shape}-group--error")
        if self.field.disabled:
            classes.append(f"fr-{shape}-group--disabled")
        return " ".join(classes)

    @property
    def anchor(self) -> str:
        """Return the HTML id that a link to this field targets: its control, or the group of its choices."""
        return self.id_for_label or self.auto_id

    def build_widget_attrs(self, attrs: dict[str, Any], widget: forms.Widget | None = None) -> dict[str, Any]:
        """Add the design system's class to those of Django and of the form."""
        built = super().build_widget_attrs(attrs, widget)
        drawn = widget or self.field.widget
        own = drawn.attrs.get("class", "")
        ours = next(name for shape, _, name in _CLASSES if isinstance(drawn, shape))
        if classes := f"{ours} {own}".strip():
            built["class"] = classes
        # A browser that truncates pasted text says nothing. So the text stays whole, and the field reports the excess.
        built["maxlength"] = False
        if isinstance(drawn, _TYPED) and getattr(drawn, "input_type", "text") == "text":
            built.setdefault("dir", "auto")
        return built


class DesignSystemRenderer(TemplatesSetting):
    """Django's renderer with our fields and our partial."""

    field_template_name = "partials/_form_field.html"
    bound_field_class = DesignSystemBoundField
