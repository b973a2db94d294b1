"""Canned replies: an adviser writes their own, a manager those of an agency.

One's own concern nobody else, so they are not audited. Those of an agency are used by its staff: each change of them
leaves an audit row, without the text.
"""

from collections.abc import Collection

from django.db import IntegrityError, transaction
from django.utils import timezone

from accompaniment.enums import AuditAction, Role
from accompaniment.locks import lock_accounts, lock_agency
from accompaniment.models import Agency, User
from accompaniment.rules.errors import DomainError, NoRightError
from accompaniment.rules.french import excess_in_words
from accompaniment.rules.meanwhile import Shown, State, check_seen
from accompaniment.rules.parsing import lines_in
from accompaniment.services import audit
from accompaniment.services.rights import check_role, check_steers
from messaging.locks import lock_reply
from messaging.models import CannedReply
from messaging.rules import REPLIES_AT_MOST, REPLY_LIMIT, REPLY_NAME_LIMIT, unknown_placeholder

NOT_YOUR_REPLY = "Cette réponse type n'est pas la vôtre, ou n'existe plus."
IS_GONE = "Cette réponse type a été supprimée entre-temps. Ajoutez de nouveau votre texte."
MEANWHILE = "Cette réponse type a été modifiée entre-temps. Relisez-la, puis enregistrez de nouveau votre texte."
TOO_MANY = f"Il y a déjà {REPLIES_AT_MOST} réponses types. Supprimez-en une pour en ajouter une autre."


class ReplyNameTakenError(DomainError):
    """Another canned reply of the same owner has this name."""

    def __init__(self) -> None:
        super().__init__("Une autre réponse type porte déjà ce nom. Choisissez-en un autre.", about="name")


def shown_of(reply: CannedReply) -> Shown:
    """Return what a page shows of a canned reply."""
    return Shown("canned_reply", reply.pk, {"name": reply.name, "body": reply.body})


def add_reply(*, actor: User, name: str, body: str, agency: Agency | None = None) -> CannedReply:
    """Store a canned reply: the adviser's own, or for a manager that of an agency.

    Raises DomainError for a name that is taken or empty, a text that is empty, too long, or has an unknown placeholder,
    and if there are too many. Raises NoRightError without the right.
    """
    facts = _checked(name, body)
    with transaction.atomic():
        _check_right(actor, author=None if agency else actor.pk, agency=agency)
        owner = {"agency": agency} if agency else {"author": actor}
        taken = set(CannedReply.objects.filter(**owner).values_list("place", flat=True))
        place = next((free for free in range(1, REPLIES_AT_MOST + 1) if free not in taken), None)
        if place is None:
            raise DomainError(TOO_MANY)
        reply = CannedReply(**owner, **facts, place=place, changed_at=timezone.now())
        _save(reply)
        _note(reply, actor, event="reply_added")
        return reply


def change_reply(*, actor: User, reply: CannedReply, name: str, body: str, seen: State) -> CannedReply:
    """Give a canned reply another name and text. `seen` is what the page showed. Raises as `add_reply` does.

    Raises ChangedMeanwhileError if somebody has changed it meanwhile.
    """
    facts = _checked(name, body)
    with transaction.atomic():
        _check_right(actor, author=reply.author_id, agency=reply.agency)
        locked = lock_reply(reply.pk)
        if locked is None:
            raise DomainError(IS_GONE)
        if {"name": locked.name, "body": locked.body} == facts:
            return locked
        check_seen(seen, shown_of(locked), MEANWHILE)
        locked.name, locked.body, locked.changed_at = facts["name"], facts["body"], timezone.now()
        _save(locked, only=["name", "body", "changed_at"])
        _note(locked, actor, event="reply_changed")
        return locked


def delete_reply(*, actor: User, reply: CannedReply) -> None:
    """Delete a canned reply; deleting it again changes nothing. Raises NoRightError without the right."""
    with transaction.atomic():
        _check_right(actor, author=reply.author_id, agency=reply.agency)
        locked = lock_reply(reply.pk)
        if locked is not None:
            _note(locked, actor, event="reply_deleted")
            locked.delete()


def _check_right(actor: User, *, author: int | None, agency: Agency | None) -> None:
    """Lock the owner, so that its replies are counted one by one, then look up the right."""
    if agency is not None:
        check_steers(actor, lock_agency(agency.pk).region.pk)
        return
    if author != actor.pk:
        raise NoRightError(NOT_YOUR_REPLY)
    lock_accounts(User.objects.filter(pk=actor.pk))
    check_role(actor, Role.ADVISER)


def _checked(name: str, body: str) -> dict[str, str]:
    name, body = " ".join(name.split()), lines_in(body).strip()
    if not name:
        raise DomainError("Donnez un nom à cette réponse type.", about="name")
    if not body:
        raise DomainError("Écrivez le texte de cette réponse type.", about="body")
    for value, most, about in ((name, REPLY_NAME_LIMIT, "name"), (body, REPLY_LIMIT, "body")):
        if len(value) > most:
            raise DomainError(excess_in_words(len(value), most=most), about=about)
    if sentence := unknown_placeholder(body):
        raise DomainError(sentence, about="body")
    return {"name": name, "body": body}


def _save(reply: CannedReply, *, only: Collection[str] | None = None) -> None:
    try:
        with transaction.atomic():
            reply.save(update_fields=only)
    except IntegrityError as error:
        raise ReplyNameTakenError from error


def _note(reply: CannedReply, actor: User, *, event: str) -> None:
    if reply.agency is None:
        return
    audit.record(
        actor=actor,
        jobseeker=None,
        action=AuditAction.CANNED_REPLY,
        agency=reply.agency.code,
        region=reply.agency.region.code,
        reply=reply.pk,
        name=reply.name,
        event=event,
    )
