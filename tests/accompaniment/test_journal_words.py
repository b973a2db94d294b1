"""The journal's own sentences are made when it is read, and are not stored.

Kind: a stored sentence that is still shown after its wording has changed.
"""

from importlib import import_module

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import Channel, ContactNature
from accompaniment.models import Contact
from tests.caseload.factories import on_web_track
from tests.messaging.factories import pair, say

pytestmark = pytest.mark.django_db
OLD = "Échange ouvert par la personne."


@pytest.mark.parametrize(("nature", "holds"), [(ContactNature.CALLBACK, True), (ContactNature.MESSAGE, False)])
def test_an_exchange_of_messages_has_no_sentence_of_its_own(nature: str, holds: bool) -> None:
    person = on_web_track()
    facts = {"jobseeker": person, "at": timezone.now(), "channel": Channel.CHAT, "nature": nature}
    if holds:
        Contact.objects.create(**facts, summary=OLD)
    else:
        with pytest.raises(IntegrityError, match="contact_by_message_has_no_sentence"), transaction.atomic():
            Contact.objects.create(**facts, summary=OLD)
        Contact.objects.create(**facts, summary="")


def test_what_was_stored_before_is_forgotten_and_what_was_typed_stays() -> None:
    migration = import_module("accompaniment.migrations.0022_messages_without_sentence")
    person = on_web_track()
    facts = {"jobseeker": person, "at": timezone.now(), "channel": Channel.CHAT, "summary": OLD}
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE accompaniment_contact DROP CONSTRAINT contact_by_message_has_no_sentence")
        cursor.execute("ALTER TABLE accompaniment_contact DISABLE TRIGGER append_only")  # this trigger came later
        rows = [Contact.objects.create(**facts, nature=one) for one in (ContactNature.MESSAGE, ContactNature.CALLBACK)]
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        # As in the migration: one transaction, with the constraint last.
        cursor.execute(migration.FORGET)
        cursor.execute(
            "ALTER TABLE accompaniment_contact ADD CONSTRAINT contact_by_message_has_no_sentence "
            "CHECK (nature <> 'message' OR summary = '')"
        )
    assert [Contact.objects.get(pk=row.pk).summary for row in rows] == ["", OLD]


def test_the_timeline_names_the_exchange_and_who_began_it(client: Client) -> None:
    two = pair()
    say(two.conversation, two.person)
    assert Contact.objects.get(nature=ContactNature.MESSAGE).summary == ""
    client.force_login(two.adviser)
    page = client.get(reverse("person", args=[two.jobseeker.pk])).content.decode()
    assert "Échange de messages" in page
    assert two.person.full_name in page
