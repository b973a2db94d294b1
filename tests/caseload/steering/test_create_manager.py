"""The first account of a new service, made by a command on the server."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accompaniment.enums import AuditAction, NotificationKind, Role
from accompaniment.management.commands.createsuperuser import Command
from accompaniment.models import AuditEntry, Notification, User
from caseload.models import Manager
from tests.accompaniment.factories import RegionFactory

pytestmark = pytest.mark.django_db


def create(email: str = "anne.le-goff@exemple.fr", *arguments: str, **options: Any) -> str:
    out = StringIO()
    call_command("create_manager", email, *arguments, stdout=out, **options)
    return out.getvalue()


def test_a_manager_of_the_whole_country_is_invited_and_the_audit_names_the_system() -> None:
    text = create("anne.le-goff@exemple.fr", "--whole-country")
    manager = Manager.objects.get()
    assert (manager.user.full_name, manager.whole_country) == ("Anne Le-Goff", True)
    assert manager.user.role == Role.MANAGER
    assert not manager.user.has_usable_password()
    letter = Notification.objects.get()
    assert (letter.kind, letter.email) == (NotificationKind.ACCOUNT_ACTIVATION, "anne.le-goff@exemple.fr")
    assert "the whole country" in text
    assert {entry.actor for entry in AuditEntry.objects.filter(action=AuditAction.STAFF)} == {None}


def test_a_manager_of_regions() -> None:
    RegionFactory(code="42", name="Alsace")
    RegionFactory(code="83", name="Auvergne")
    create("x@exemple.fr", "--region", "42", "--region", "83", "--first-name", "Zoé", "--last-name", "L'Hostis")
    manager = Manager.objects.get()
    assert not manager.whole_country
    assert {region.code for region in manager.regions.all()} == {"42", "83"}
    assert manager.user.full_name == "Zoé L'Hostis"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("nobody", "--whole-country"), "no e-mail address"),
        (("x@exemple.fr", "--whole-country"), "--first-name and --last-name"),
        (("a.b@exemple.fr", "--region", "99"), "99: no such region. There are: 42 Alsace."),
        (("a.b@exemple.fr",), "one of the arguments --whole-country --region is required"),
        (("taken@exemple.fr", "--whole-country", "--first-name", "A", "--last-name", "B"), "a déjà un compte"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence_and_writes_nothing(arguments: tuple[str, ...], sentence: str) -> None:
    RegionFactory(code="42", name="Alsace")
    User.objects.create_user("taken@exemple.fr", first_name="A", last_name="B", role=Role.ADVISER)
    with pytest.raises(CommandError, match=sentence):
        call_command("create_manager", *arguments, stdout=StringIO())
    assert not Manager.objects.exists()
    assert not Notification.objects.exists()


def test_without_the_territory_the_command_says_what_to_load() -> None:
    with pytest.raises(CommandError, match="load_reference"):
        create("a.b@exemple.fr", "--region", "42")


@pytest.mark.parametrize("arguments", [(), ("--noinput", "--email", "a@exemple.fr")])
def test_a_superuser_is_refused_with_the_command_to_use(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """Django's own command ends in a traceback here, because our accounts lack its fields."""
    with pytest.raises(SystemExit) as ended:
        Command().run_from_argv(["manage.py", "createsuperuser", *arguments])
    assert ended.value.code == 1
    assert "create_manager" in capsys.readouterr().err
