from datetime import date

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from accompaniment.models import ConsentText, Departement, PlanDefault, Region
from accompaniment.services.reference import load_reference

pytestmark = pytest.mark.django_db

PILOT_REGIONS = {
    "Alsace",
    "Auvergne",
    "Haute-Normandie",
    "Île-de-France",
    "Languedoc-Roussillon",
    "Midi-Pyrénées",
    "Provence-Alpes-Côte d'Azur",
}


def test_the_reference_is_the_territory_of_2013_the_cadences_and_the_text() -> None:
    added = load_reference()
    assert (added.regions, added.departements, added.plan_defaults, added.consent_texts) == (27, 101, 4, 1)
    opened = Region.objects.filter(web_opens_on=date(2013, 12, 1)).values_list("name", flat=True)
    assert set(opened) == PILOT_REGIONS
    assert Region.objects.filter(web_opens_on=None).count() == 20
    assert Region.objects.get(name="La Réunion").timezone == "Indian/Reunion"
    assert Departement.objects.get(code="57").holidays_subdivision == "57"
    assert PlanDefault.objects.get(modality="guide_web").interval_days == 28
    text = ConsentText.objects.get()
    assert text.version == 1
    assert "à tout moment" in text.body


def test_loading_it_again_adds_nothing_and_leaves_what_a_manager_changed() -> None:
    load_reference()
    Region.objects.filter(name="Alsace").update(web_opens_on=None)
    PlanDefault.objects.filter(modality="suivi").update(interval_days=90)
    assert load_reference().total == 0
    assert Region.objects.get(name="Alsace").web_opens_on is None
    assert PlanDefault.objects.get(modality="suivi").interval_days == 90


def test_no_text_to_accept_is_published_before_the_operator_has_a_name(settings: Settings) -> None:
    """Kind: a missing setting, written into a text that can never be changed."""
    settings.DEMONSTRATION = False
    settings.OPERATOR_NAME = ""
    with pytest.raises(CommandError, match="OPERATOR_NAME"):
        call_command("load_reference")
    assert not Region.objects.exists()
    settings.OPERATOR_NAME = "l'Office d'ailleurs"
    call_command("load_reference")
    assert "l'Office d'ailleurs" in ConsentText.objects.get().body
    # The text already exists, so the name is no longer needed.
    settings.OPERATOR_NAME = ""
    call_command("load_reference")
