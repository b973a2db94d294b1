"""Selections of the portfolio list under a name of one's own. They concern no person's file, so none is audited."""

from django.db import IntegrityError, transaction
from django.utils import timezone

from accompaniment.models import User
from accompaniment.rules.errors import DomainError
from caseload.models import SavedView

MOST_VIEWS = 20
LONGEST_QUERY = 500  # characters


class ViewNameTakenError(DomainError):
    """Another view of the same person has the name."""

    def __init__(self) -> None:
        super().__init__("Une de vos vues porte déjà ce nom. Choisissez-en un autre.", about="name")


def save_view(*, actor: User, name: str, query: str) -> SavedView:
    """Keep a query of the portfolio list, in its canonical form, under a name.

    Raises DomainError for a name that is taken, a query that is too long, or one view too many.
    """
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
    """Give one's own view another name. Raises ViewNameTakenError."""
    try:
        with transaction.atomic():
            SavedView.objects.filter(pk=view.pk, user=actor).update(name=name)
    except IntegrityError as error:
        raise ViewNameTakenError from error


def delete_view(*, actor: User, view: SavedView) -> None:
    """Forget one's own view; nothing else goes with it."""
    SavedView.objects.filter(pk=view.pk, user=actor).delete()
