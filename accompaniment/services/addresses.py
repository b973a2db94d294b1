"""The e-mail address of an account, and how it follows the address in the person's file.

An account without a password follows its file at once: nobody has logged in with it, and the link in the wrong mailbox
ends.

An account with a password changes its address when its owner confirms from the new mailbox, and the old mailbox is
told. If the owner asked for the change, everything stays as it is until then. If the file was corrected, the old
mailbox opens nothing any more, because somebody has said that it is wrong. The confirmation then asks for something
that a stranger with a similar mailbox does not know: the person's identifier, or the password of a staff account.
"""

import secrets
from datetime import timedelta

from axes.utils import reset as unlock
from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import AuditAction, NotificationKind
from accompaniment.locks import lock_account, lock_jobseeker
from accompaniment.models import ActivationLink, AddressChange, AuditEntry, Jobseeker, Notification, User
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.rules.spelling import NOWHERE, compact, written
from accompaniment.services import audit, outbox, sessions
from accompaniment.services.account_rows import digest_of, file_of, invite, refusing_if_taken

EMAIL_TAKEN = "Cette adresse e-mail est déjà celle d'une autre personne. Demandez-en une autre."
LINK_IS_OVER = "Ce lien a déjà servi ou n'est plus valable."
NOT_PROVEN = "Ce n'est pas ce qui est attendu pour ce compte. Vérifiez et recommencez."
TOO_MANY_TODAY = "Vous avez déjà demandé plusieurs changements aujourd'hui. Recommencez demain."


OF_THEIR_MAILBOX = (
    NotificationKind.PASSWORD_RESET,
    NotificationKind.ADDRESS_TO_CONFIRM,
    NotificationKind.ADDRESS_CHANGING,
    NotificationKind.ADDRESS_CHANGED,
)
"""E-mails that are sent to the mailbox for which they were written, or not at all."""
INVITATIONS = (NotificationKind.INVITATION, NotificationKind.ACCOUNT_ACTIVATION)


class AddressMovedError(DomainError):
    """The link was meant for an address that is no longer the account's."""


class NotProvenError(DomainError):
    """The typed identifier or password does not belong to the account."""


def follow_file(*, actor: User | None, person: Jobseeker, before: str | None) -> None:
    """Apply the address of a person's file to waiting e-mails and to the account.

    Called with the person locked, in the transaction that wrote the file's address; `before` is the earlier one.
    `actor` None is an import. Raises DomainError if the address opens another account.
    """
    if person.email is not None and before is not None:
        waiting = Notification.objects.filter(jobseeker=person, email=before, sent_at=None, given_up_at=None)
        waiting.exclude(kind__in=OF_THEIR_MAILBOX).update(email=person.email)
    if person.user_id is not None:
        _follow(actor, lock_account(person.user_id), person, person.email)


def correct_staff_address(*, actor: User, user: User, address: str, forget_password: bool) -> None:
    """Change the address of a locked staff account for its manager. The caller has checked the right.

    `forget_password` is for a colleague who can neither read the old mailbox nor remember the password: the account is
    then as if it had never been activated. Raises DomainError if the address belongs to somebody else.
    """
    new = written(address)
    if User.objects.exclude(pk=user.pk).filter(email=new).exists() or Jobseeker.objects.filter(email=new).exists():
        raise DomainError(EMAIL_TAKEN)
    if forget_password and user.has_usable_password():
        user.set_unusable_password()
        user.save(update_fields=["password"])
    _follow(actor, user, None, new)


def ask_change(*, actor: User, address: str) -> None:
    """Ask for another address of the actor's own account. The form has checked the password.

    The caller does not learn whether the address belongs to somebody else; this shows at the confirmation. Raises
    NotAllowedNowError after too many requests today, or for the present address.
    """
    new = written(address)
    with transaction.atomic():
        person = file_of(actor)
        if person is not None:
            person = lock_jobseeker(person.pk)
        user = lock_account(actor.pk)
        if user.email == new:
            raise NotAllowedNowError("C'est déjà votre adresse de connexion.")
        asked = AuditEntry.objects.filter(
            actor=user,
            action=AuditAction.ACCOUNT,
            details__event="address_asked",
            at__gt=timezone.now() - timedelta(days=1),
        )
        if asked.count() >= settings.ADDRESS_CHANGES_A_DAY:
            raise NotAllowedNowError(TOO_MANY_TODAY)
        _ask(actor=user, user=user, person=person, address=new, by_owner=True)


def drop_change(*, actor: User) -> None:
    """Cancel the pending change of the actor's own account, unless it came from the file."""
    with transaction.atomic():
        user = lock_account(actor.pk)
        _drop(actor, user, file_of(user), AddressChange.objects.filter(user=user, by_owner=True))


def awaits_new_mailbox(user: User) -> bool:
    """Return whether a pending change came from the file.

    Then the old mailbox opens nothing until the new one confirms.
    """
    return AddressChange.objects.filter(user=user, by_owner=False).exists()


def remind(*, address: str, slot: int) -> bool:
    """If the account still has another address than the file, send the confirmation again; return whether it has.

    `slot` is the period within which one e-mail is sent.
    """
    found = (
        Jobseeker.objects.filter(email=address, user__is_active=True).exclude(user__email=address).values_list("pk")
    ).first()
    if found is None:
        return False
    with transaction.atomic():
        person = lock_jobseeker(found[0])
        if person.user_id is None or person.email != address:
            return False
        user = lock_account(person.user_id)
        change = AddressChange.objects.filter(user=user, address=address, by_owner=False).first()
        if change is None:
            _follow(None, user, person, address)
        else:
            change.expires_at = timezone.now() + timedelta(days=settings.ADDRESS_LINK_DAYS)
            change.save(update_fields=["expires_at"])
            _tell_new(change, person, key=f"address:{change.pk}:{slot}")
    return True


def issue_link(*, user: User, address: str) -> str:
    """Return the secret of a new link that confirms a change to `address`.

    Called when its e-mail is made. Earlier links end when the mail server has accepted it. Raises AddressMovedError if
    no such change is pending.
    """
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        lock_account(user.pk)
        change = AddressChange.objects.filter(user=user, address=address, expires_at__gt=timezone.now()).first()
        if change is None:
            raise AddressMovedError("Ce changement d'adresse n'attend plus.")
        change.earlier = [*change.earlier, change.digest] if change.digest else change.earlier
        change.digest = digest_of(token)
        change.save(update_fields=["earlier", "digest"])
    return token


def end_earlier_links(*, token: str) -> None:
    """End the links made before this one, after its e-mail was accepted."""
    AddressChange.objects.filter(digest=digest_of(token)).update(earlier=[])


def change_to_confirm(*, token: str) -> AddressChange:
    """Return the change that a link confirms, without using the link. Raises NotAllowedNowError if the link is over."""
    change = (
        AddressChange.objects.filter(
            Q(digest=digest_of(token)) | Q(earlier__contains=[digest_of(token)]),
            expires_at__gt=timezone.now(),
            user__is_active=True,
        )
        .select_related("user")
        .first()
    )
    if change is None:
        raise NotAllowedNowError(LINK_IS_OVER)
    return change


def confirm(*, token: str, proof: str = "") -> User:
    """Give the account its new address. The link is used up, and the account's other links and sessions end.

    `proof` is needed if somebody else than the owner entered the address: the person's identifier, or the password of a
    staff account. Raises NotAllowedNowError if the link is over, NotProvenError for a wrong proof
    (`ADDRESS_PROOF_TRIES` of them end the link), DomainError if the address now belongs to somebody else.
    """
    user = change_to_confirm(token=token).user
    file = file_of(user)
    with transaction.atomic():
        person = lock_jobseeker(file.pk) if file else None
        user = lock_account(user.pk)
        # Checked again under the lock: of two people with the same link one comes first.
        change = change_to_confirm(token=token)
        proven = change.by_owner or _proves(proof, user, person)
        if proven:
            _confirm(user, person, change)
        else:
            change.wrong_tries += 1
            over = change.wrong_tries >= settings.ADDRESS_PROOF_TRIES
            if over:
                change.digest, change.earlier, change.wrong_tries = None, [], 0
            change.save(update_fields=["wrong_tries", "digest", "earlier"])
    if not proven:
        raise NotProvenError(NOT_PROVEN)
    return user


def _follow(actor: User | None, user: User, person: Jobseeker | None, address: str | None) -> None:
    if address == user.email:
        _drop(actor, user, person, AddressChange.objects.filter(user=user))
    elif not user.has_usable_password():
        _move(actor, user, person, address)
    elif address is None:
        _drop(actor, user, person, AddressChange.objects.filter(user=user))
    else:
        _ask(actor=actor, user=user, person=person, address=address, by_owner=False)


def _move(actor: User | None, user: User, person: Jobseeker | None, address: str | None) -> None:
    """Give a never opened account another address, and send an invitation there."""
    _write_address(user, address or NOWHERE.format(pk=user.pk))
    audit.record(actor=actor, jobseeker=person, action=AuditAction.ACCOUNT, event="address_followed", user=user.pk)
    if address is None or not user.is_active:
        return
    if not Notification.objects.filter(
        user=user, email=address, kind__in=INVITATIONS, sent_at=None, given_up_at=None
    ).exists():
        invite(user, key=f"activation:{user.pk}:address:{timezone.now().timestamp()}")


def _ask(*, actor: User | None, user: User, person: Jobseeker | None, address: str, by_owner: bool) -> None:
    now = timezone.now()
    AddressChange.objects.filter(user=user).delete()
    change = AddressChange.objects.create(
        user=user,
        address=address,
        asked_by=actor,
        by_owner=by_owner,
        asked_at=now,
        expires_at=now + timedelta(days=settings.ADDRESS_LINK_DAYS),
    )
    audit.record(actor=actor, jobseeker=person, action=AuditAction.ACCOUNT, event="address_asked", user=user.pk)
    _tell_new(change, person, key=f"address:{change.pk}")
    outbox.notify(
        key=f"address-old:{change.pk}",
        kind=NotificationKind.ADDRESS_CHANGING,
        email=user.email,
        user=user,
        jobseeker=person,
        context={"first_name": user.first_name, "by_owner": by_owner, "path": reverse("change_address")},
    )


def _tell_new(change: AddressChange, person: Jobseeker | None, *, key: str) -> None:
    outbox.notify(
        key=key,
        kind=NotificationKind.ADDRESS_TO_CONFIRM,
        email=change.address,
        user=change.user,
        jobseeker=person,
        context={"first_name": change.user.first_name, "by_owner": change.by_owner, "staff": person is None},
    )


def _drop(actor: User | None, user: User, person: Jobseeker | None, waiting: QuerySet[AddressChange]) -> None:
    if waiting.delete()[0]:
        audit.record(actor=actor, jobseeker=person, action=AuditAction.ACCOUNT, event="address_dropped", user=user.pk)


def _confirm(user: User, person: Jobseeker | None, change: AddressChange) -> None:
    old, new = user.email, change.address
    others = Jobseeker.objects.filter(email=new)
    if (others.exclude(pk=person.pk) if person else others).exists():
        raise DomainError(EMAIL_TAKEN)
    _write_address(user, new)
    if person is not None and person.email != new:
        before, person.email = person.email, new
        with refusing_if_taken(EMAIL_TAKEN):
            person.save(update_fields=["email", "updated_at"])
        audit.record(actor=user, jobseeker=person, action=AuditAction.UPDATED, fields=["email"])
        follow_file(actor=user, person=person, before=before)
    audit.record(actor=user, jobseeker=person, action=AuditAction.ACCOUNT, event="address_changed", user=user.pk)
    outbox.notify(
        key=f"address-changed:{change.pk}",
        kind=NotificationKind.ADDRESS_CHANGED,
        email=old,
        user=user,
        jobseeker=person,
        context={"first_name": user.first_name},
    )


def _write_address(user: User, address: str) -> None:
    """Write a locked account's address. Every link sent to the earlier address ends."""
    before, user.email = user.email, address
    try:
        with refusing_if_taken(EMAIL_TAKEN):
            user.save(update_fields=["email"])
    except DomainError:
        user.email = before
        raise
    ActivationLink.objects.filter(user=user, used_at=None).delete()
    AddressChange.objects.filter(user=user).delete()
    unlock(username=address)
    sessions.announce_end(user_pk=user.pk)


def _proves(proof: str, user: User, person: Jobseeker | None) -> bool:
    return compact(proof) == person.identifier if person else user.check_password(proof)
