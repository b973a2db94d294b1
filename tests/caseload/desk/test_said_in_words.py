"""Pages say in words which filters a saved view has, and which right is missing in a refusal."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from caseload.forms.desk.portfolio_filter import filter_in
from caseload.models import SavedView
from tests.accompaniment.factories import AgencyFactory
from tests.caseload.factories import ManagerFactory, PortfolioFactory
from tests.french_examples import spaces

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "Tout le monde"),
        ("q=zo%C3%A9&modalite=guide", "« zoé » · modalité guidé"),
        ("sans_contact=30&parcours=web", "sans contact depuis 30 jours · parcours 100 % web"),
    ],
)
def test_a_filter_in_words(query: str, said: str) -> None:
    assert spaces(filter_in(query).sentence) == said


def test_each_saved_view_says_its_filters(client: Client) -> None:
    user = PortfolioFactory().adviser.user
    SavedView.objects.create(user=user, name="Les miens", query="sans_contact=30", created_at=timezone.now())
    client.force_login(user)
    assert "sans contact depuis 30\u00a0jours" in client.get(reverse("saved_views")).content.decode()


def test_a_regional_manager_reads_which_right_is_missing(client: Client) -> None:
    region = AgencyFactory().departement.region
    client.force_login(ManagerFactory(regions=[region]).user)
    refused = client.post(reverse("consent_texts"))
    assert refused.status_code == 403
    text = refused.content.decode()
    assert region.name in text
    assert "le droit sur tout le pays" in text
    client.force_login(ManagerFactory().user)
    assert client.post(reverse("consent_texts")).status_code == 422
