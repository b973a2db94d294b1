"""The shared parts of pages: their content, and their attributes for screen readers."""

import re
from typing import Any

import pytest
from django import forms
from django.core.paginator import Paginator
from django.template.loader import render_to_string
from django.test import RequestFactory


class EveryKindForm(forms.Form):
    """One field of each kind."""

    name = forms.CharField(label="Nom", help_text="Tel qu'il est sur votre carte.")
    note = forms.CharField(label="Note", widget=forms.Textarea, required=False)
    tier = forms.ChoiceField(label="Modalité", choices=[("guide", "Guidé"), ("suivi", "Suivi")])
    channel = forms.ChoiceField(
        label="Canal",
        help_text="Vous pourrez en changer.",
        choices=[("v", "Visio"), ("t", "Téléphone")],
        widget=forms.RadioSelect,
    )
    days = forms.MultipleChoiceField(
        label="Jours", choices=[("1", "Lundi"), ("2", "Mardi")], widget=forms.CheckboxSelectMultiple, required=False
    )
    agreed = forms.BooleanField(label="J'ai lu")
    day = forms.DateField(label="Jour", widget=forms.DateInput(attrs={"type": "date"}))
    file = forms.FileField(label="Fichier")
    secret = forms.CharField(label="Secret", widget=forms.PasswordInput, help_text="Douze caractères.")
    version = forms.IntegerField(widget=forms.HiddenInput)


FIELDS = tuple(EveryKindForm.base_fields)
DRAWN = tuple(name for name in FIELDS if name != "version")


def drawn(form: forms.Form, name: str) -> str:
    return render_to_string("partials/_form_field.html", {"field": form[name]})


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("bound", [False, True])
def test_every_kind_of_field_is_drawn(name: str, bound: bool) -> None:
    assert f'name="{name}"' in drawn(EveryKindForm({} if bound else None), name)


@pytest.mark.parametrize("name", DRAWN)
def test_every_field_has_a_label_that_names_it(name: str) -> None:
    form = EveryKindForm()
    html = drawn(form, name)
    assert str(form[name].label).replace("'", "&#x27;") in html
    ids = set(re.findall(r'<(?:input|select|textarea)[^>]* id="([^"]+)"', html))
    assert ids
    assert ids == set(re.findall(r'<label[^>]* for="([^"]+)"', html))


@pytest.mark.parametrize("name", DRAWN)
def test_whatever_describes_a_field_is_on_the_page(name: str) -> None:
    html = drawn(EveryKindForm({}), name)
    for described in re.findall(r'aria-(?:describedby|labelledby)="([^"]+)"', html):
        for identifier in described.split():
            assert html.count(f'id="{identifier}"') == 1


def test_error_is_tied_to_its_field() -> None:
    html = drawn(EveryKindForm({}), "name")
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'aria-invalid="true"' in html
    assert "fr-input-group--error" in html


def test_field_without_an_error_says_nothing_of_errors() -> None:
    html = drawn(EveryKindForm(), "name")
    assert 'aria-describedby="id_name_helptext"' in html
    assert "aria-invalid" not in html
    assert "--error" not in html


def test_optional_field_says_so_and_a_mandatory_one_does_not() -> None:
    assert "(facultatif)" in drawn(EveryKindForm(), "note")
    assert "(facultatif)" not in drawn(EveryKindForm(), "name")


def test_own_class_of_a_widget_is_kept() -> None:
    form = EveryKindForm()
    form.fields["name"].widget.attrs["class"] = "slots"
    assert 'class="fr-input slots"' in drawn(form, "name")


def test_summary_links_to_each_field_that_is_wrong() -> None:
    form = EveryKindForm({"name": "x"})
    html = render_to_string("partials/_form_errors.html", {"form": form})
    page = "".join(drawn(form, name) for name in FIELDS)
    anchors = re.findall(r'href="#([^"]+)"', html)
    assert len(anchors) == len(form.errors) - 1  # there is no link to the hidden one
    for anchor in anchors:
        assert f'id="{anchor}"' in page
    assert 'href="#id_name"' not in html


def test_summary_of_a_form_that_was_not_sent_is_empty() -> None:
    assert not render_to_string("partials/_form_errors.html", {"form": EveryKindForm()}).strip()


def gauge(**facts: Any) -> str:
    return render_to_string("partials/_gauge.html", {"label": "Portefeuille de Mme Martin", "share": 100, **facts})


def test_gauge_says_occupancy_and_cover() -> None:
    html = gauge(occupied=187, capacity=250, cover=3)
    assert re.search(r"187</span>\s*/\s*250", html)
    assert 'value="187"' in html
    assert 'max="250"' in html
    assert "3 en relais" in html
    assert "Complet" not in html


def test_full_gauge_says_so_in_words() -> None:
    html = gauge(occupied=250, capacity=250, cover=0)
    assert "Complet" in html
    assert "relais" not in html


def test_gauge_of_part_time_says_so() -> None:
    assert "(temps partiel 80&nbsp;%)" in gauge(occupied=175, capacity=200, cover=0, share=80)
    assert "temps partiel" not in gauge(occupied=175, capacity=200, cover=0, share=100)


def test_pages_of_a_list_keep_the_filters() -> None:
    request = RequestFactory().get("/liste/", {"filtre": "sans réponse", "page": "2"})
    html = render_to_string(
        "partials/_pagination.html", {"page": Paginator(range(30), 10).page(2), "label": "Pages"}, request=request
    )
    assert "Page 2 sur 3" in html
    assert "filtre=sans+r%C3%A9ponse&amp;page=3" in html


def test_single_page_shows_no_pagination() -> None:
    request = RequestFactory().get("/liste/")
    html = render_to_string(
        "partials/_pagination.html", {"page": Paginator(range(3), 10).page(1), "label": "Pages"}, request=request
    )
    assert not html.strip()


@pytest.mark.parametrize(("action_url", "shown"), [("/ecrire/", True), ("", False)])
def test_empty_list_offers_what_can_be_done(action_url: str, shown: bool) -> None:
    context = {"title": "Rien n'attend.", "text": "Les demandes s'affichent ici.", "action_url": action_url}
    html = render_to_string("partials/_empty.html", {**context, "action_label": "Écrire"})
    assert ("Écrire" in html) is shown
