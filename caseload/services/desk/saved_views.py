"""Saved and named filters of the portfolio list. They concern no person's file, so they are not audited."""

from django.db import IntegrityError, transaction
from django.utils import timezone

from accompaniment.enums import Role
from accompaniment.models import User
from accompaniment.rules.errors import DomainError, NoRightError
from accompaniment.services.rights import check_role
from caseload.models import SavedView

MOST_VIEWS = 20
LONGEST_QUERY = 500  # characters
NOT_YOUR_VIEW = "Cette vue n'est pas la vôtre, ou n'existe plus."


class ViewNameTakenError(DomainError):
    """Another view of the same user has this name."""

    def __init__(self) -> None:
        super().__init__("Une de vos vues porte déjà ce nom. Choisissez-en un autre.", about="name")


def save_view(*, actor: User, name: str, query: str) -> SavedView:
    """Store a query of the portfolio list, in its canonical form, under a name.

    Raises DomainError if the name is taken, the query is too long, or there are too many views.
    """
    check_role(actor, Role.ADVISER)
    if len(query) > LONGEST_QUERY:
        raise DomainError("Cette recherche est trop longue pour être enregistrée. Raccourcissez les mots cherchés.")
    if SavedView.objects.filter(user=actor).count() >= MOST_VIEWS:
        raise DomainError(f"Vous avez déjà {MOST_VIEWS} vues. Supprimez-en une pour en enregistrer une autre.")
    try:
        with transaction.atomic():
            return SavedView.objects.create(user=actor, name=name, query=query, created_at=timezone.now())
    except IntegrityError as error:
        raise ViewNameTakenError from error


def rename_view(*, actor: User, view: SavedView, name: str) -> None:
    """Rename the actor's own view. Raises ViewNameTakenError, NoRightError for somebody else's."""
    try:
        with transaction.atomic():
            if not SavedView.objects.filter(pk=view.pk, user=actor).update(name=name):
                raise NoRightError(NOT_YOUR_VIEW)
    except IntegrityError as error:
        raise ViewNameTakenError from error


def delete_view(*, actor: User, view: SavedView) -> None:
    """Delete the actor's own view. Raises NoRightError for somebody else's."""
    if view.user_id != actor.pk:
        raise NoRightError(NOT_YOUR_VIEW)
    SavedView.objects.filter(pk=view.pk, user=actor).delete()
