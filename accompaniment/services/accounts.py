"""Accounts: links that open one, passwords, and accounts of staff.

A link's secret is made when its e-mail is sent, and only a digest is stored: neither the outbox nor a back-up of the
database can open an account.
"""

import secrets
from datetime import datetime, timedelta

from axes.utils import reset as unlock
from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from accompaniment.enums import AuditAction, NotificationKind, Role
from accompaniment.hooks.session_ends import on_password_ends
from accompaniment.locks import lock_account, lock_jobseeker
from accompaniment.models import ActivationLink, Jobseeker, User
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.rules.spelling import compact, written
from accompaniment.rules.tracks import NOT_ELIGIBLE_SENTENCES
from accompaniment.services import addresses, audit, outbox, sessions
from accompaniment.services.account_rows import digest_of, file_of, invite, refusing_if_taken
from accompaniment.services.addresses import LINK_IS_OVER, AddressMovedError

ASK_AGAIN_AFTER = timedelta(minutes=5)
"""Asking again sooner sends nothing, so that nobody can fill somebody else's mailbox."""
OPENS_ANOTHER_ACCOUNT = "Cette adresse e-mail ouvre déjà un autre compte. Demandez une autre adresse à la personne."


def issue_activation_link(*, user: User, address: str | None = None) -> str:
    """Return the secret of a new link for an account's first password.

    Called when the e-mail to `address` is made. The link works once, for `ACTIVATION_LINK_DAYS`. Earlier links end when
    the mail server has accepted this e-mail. Raises AddressMovedError if the account has another address by now.
    """
    token = secrets.token_urlsafe(32)
    now = timezone.now()
    with transaction.atomic():
        if address not in (None, lock_account(user.pk).email):
            raise AddressMovedError(LINK_IS_OVER)
        ActivationLink.objects.create(
            user=user,
            digest=digest_of(token),
            created_at=now,
            expires_at=now + timedelta(days=settings.ACTIVATION_LINK_DAYS),
        )
    return token


def end_earlier_links(*, token: str) -> None:
    """End the links made before this one, after its e-mail was accepted."""
    link = ActivationLink.objects.filter(digest=digest_of(token)).first()
    if link is not None:
        ActivationLink.objects.filter(user=link.user_id, used_at=None, pk__lt=link.pk).delete()


def activation_account(*, token: str) -> User:
    """Return the account that a link opens, without using up the link.

    Raises NotAllowedNowError if the link is over.
    """
    return _usable_link(token, timezone.now()).user


def activate(*, token: str, password: str) -> User:
    """Set an account's first password, and end this link and all others.

    Raises NotAllowedNowError if the link is over.
    """
    with transaction.atomic():
        user = lock_account(_usable_link(token, timezone.now()).user_id)
        # Checked again under the lock: of two people with the same link one comes first.
        now = timezone.now()
        link = _usable_link(token, now)
        _set_password(user, password)
        link.used_at = now
        link.save(update_fields=["used_at"])
        ActivationLink.objects.filter(user=user, used_at=None).delete()
        audit.record(actor=user, jobseeker=file_of(user), action=AuditAction.ACCOUNT, event="activated")
    return user


def request_password_reset(*, email: str) -> None:
    """Queue the e-mail with a new link if there is such an account; return nothing.

    An account that was never activated gets its activation link again. A person with a file but no account gets an
    e-mail, at the file's address, on how to open one. That way asks for the identifier, so a stranger opens nothing.
    """
    address = written(email)
    slot = int(timezone.now().timestamp() // ASK_AGAIN_AFTER.total_seconds())
    user = User.objects.filter(email=address, is_active=True).first()
    if user is None:
        if not addresses.remind(address=address, slot=slot):
            _point_to_first_access(address, slot)
        return
    if addresses.awaits_new_mailbox(user):
        return
    with transaction.atomic():
        if user.has_usable_password():
            told = outbox.notify(
                key=f"password_reset:{user.pk}:{slot}",
                kind=NotificationKind.PASSWORD_RESET,
                email=user.email,
                user=user,
                jobseeker=file_of(user),
                context={"first_name": user.first_name},
            )
        else:
            told = invite(user, key=f"activation:{user.pk}:{slot}")
        if told:
            audit.record(
                actor=None, jobseeker=file_of(user), action=AuditAction.ACCOUNT, event="reset_asked", user=user.pk
            )


def _point_to_first_access(address: str, slot: int) -> None:
    person = Jobseeker.objects.filter(email=address, user=None).first()
    if person is None or User.objects.filter(email=address).exists():
        return
    with transaction.atomic():
        told = outbox.notify_jobseeker(
            key=f"no_account_yet:{person.pk}:{slot}",
            kind=NotificationKind.NO_ACCOUNT_YET,
            jobseeker=person,
            context={"first_name": person.first_name, "path": reverse("first_access")},
        )
        if told:
            audit.record(actor=None, jobseeker=person, action=AuditAction.ACCOUNT, event="first_access_told")


def issue_password_reset_link(*, user: User, address: str | None = None) -> str:
    """Return the path of a link that sets a new password; it is valid for `PASSWORD_RESET_TIMEOUT` and works once.

    Called when the e-mail to `address` is made. Raises AddressMovedError if the account has another address by now: the
    token belongs to the present one.
    """
    if address not in (None, user.email):
        raise AddressMovedError(LINK_IS_OVER)
    uidb64 = urlsafe_base64_encode(force_bytes(user.pk))
    return reverse("password_reset", args=[uidb64, default_token_generator.make_token(user)])


def password_reset_account(*, uidb64: str, token: str) -> User:
    """Return the account whose password a link may set. Raises NotAllowedNowError if the link is over."""
    try:
        pk = int(urlsafe_base64_decode(uidb64))
    except ValueError:
        raise NotAllowedNowError(LINK_IS_OVER) from None
    user = User.objects.filter(pk=pk, is_active=True).first()
    if user is None or not default_token_generator.check_token(user, token) or addresses.awaits_new_mailbox(user):
        raise NotAllowedNowError(LINK_IS_OVER)
    return user


def reset_password(*, uidb64: str, token: str, password: str) -> User:
    """Set a new password with a link. The link and all sessions of the account end."""
    with transaction.atomic():
        lock_account(password_reset_account(uidb64=uidb64, token=token).pk)
        user = password_reset_account(uidb64=uidb64, token=token)
        _set_password(user, password)
        audit.record(actor=user, jobseeker=file_of(user), action=AuditAction.ACCOUNT, event="password_reset")
    return user


def change_password(*, actor: User, password: str) -> None:
    """Set the actor's own new password. The account's other sessions end."""
    with transaction.atomic():
        user = lock_account(actor.pk)
        _set_password(user, password)
        audit.record(actor=actor, jobseeker=file_of(user), action=AuditAction.ACCOUNT, event="password_changed")
    actor.password = user.password


def give_account(*, actor: User | None, person: Jobseeker) -> User:
    """Return a person's account, and create it without a password if there is none.

    Runs in the caller's transaction with the person locked. Raises DomainError without an address, or if the address
    opens somebody else's account.
    """
    if person.user is not None:
        return person.user
    if person.email is None:
        raise DomainError(NOT_ELIGIBLE_SENTENCES["email"])
    if User.objects.filter(email=person.email).exists():
        raise DomainError(OPENS_ANOTHER_ACCOUNT)
    with refusing_if_taken(OPENS_ANOTHER_ACCOUNT):
        user = User.objects.create_user(
            person.email, first_name=person.first_name, last_name=person.last_name, role=Role.JOBSEEKER
        )
        person.user = user
        person.save(update_fields=["user", "updated_at"])
    audit.record(actor=actor, jobseeker=person, action=AuditAction.ACCOUNT, event="created", user=user.pk)
    return user


def create_staff_account(*, actor: User | None, email: str, first_name: str, last_name: str, role: Role) -> User:
    """Create the account of an adviser or a manager, and invite them to choose a password.

    `actor` None is the system (an import). Raises DomainError if the address already has an account.
    """
    if role == Role.JOBSEEKER:
        raise ValueError("a jobseeker's account comes with the file: give_account")
    with transaction.atomic():
        if User.objects.filter(email=written(email)).exists():
            raise DomainError(f"L'adresse {email} a déjà un compte.", about="email")
        user = User.objects.create_user(email, first_name=first_name, last_name=last_name, role=role)
        invite(user, key=f"activation:{user.pk}")
        audit.record(actor=actor, jobseeker=None, action=AuditAction.ACCOUNT, event="created", user=user.pk, role=role)
    return user


def invite_again(*, user: User) -> bool:
    """Send an account's activation link again; return whether an e-mail was queued.

    Raises NotAllowedNowError if the account has a password.
    """
    if user.has_usable_password():
        raise NotAllowedNowError("Ce compte est déjà activé.")
    slot = int(timezone.now().timestamp() // ASK_AGAIN_AFTER.total_seconds())
    return invite(user, key=f"activation:{user.pk}:{slot}")


def close(*, user: User) -> None:
    """Close a locked account. Its password, sessions and links end, and do not return when it is reopened."""
    user.is_active = False
    user.set_unusable_password()
    user.save(update_fields=["is_active", "password"])
    _end_password(user)
    ActivationLink.objects.filter(user=user, used_at=None).delete()


def reopen(*, user: User) -> None:
    """Open a locked account again and send the link with which its owner chooses a password."""
    user.is_active = True
    user.save(update_fields=["is_active"])
    invite(user, key=f"activation:{user.pk}:reopened:{timezone.now().timestamp()}")


def _set_password(user: User, password: str) -> None:
    user.set_password(password)
    user.save(update_fields=["password"])
    _end_password(user)
    unlock(username=user.email)


def _end_password(user: User) -> None:
    """End what an earlier password has opened."""
    sessions.announce_end(user_pk=user.pk)
    for follow in on_password_ends:
        follow(user.pk)


def _usable_link(token: str, now: datetime) -> ActivationLink:
    link = (
        ActivationLink.objects.filter(digest=digest_of(token), used_at=None, expires_at__gt=now, user__is_active=True)
        .select_related("user")
        .first()
    )
    if link is None:
        raise NotAllowedNowError(LINK_IS_OVER)
    return link


def request_first_access(*, identifier: str, email: str) -> None:
    """Send the link that opens the space to the address of the file, if identifier and address belong together.

    The caller learns nothing, so nobody finds out who is registered or with which address. A person with a password
    gets the link for a new one. Asking again within `ASK_AGAIN_AFTER` sends nothing.
    """
    address = written(email)
    with transaction.atomic():
        found = Jobseeker.objects.filter(identifier=compact(identifier), email=address).first()
        person = lock_jobseeker(found.pk) if found else None
        if person is None or person.email != address or _opens_another_account(person):
            return
        user = give_account(actor=None, person=person)
        if user.has_usable_password():
            # If the account still has the earlier address, the person gets the link that confirms the new one.
            request_password_reset(email=address)
        elif user.is_active and invite_again(user=user):
            audit.record(actor=None, jobseeker=person, action=AuditAction.ACCOUNT, event="first_access_asked")


def _opens_another_account(person: Jobseeker) -> bool:
    return person.user is None and User.objects.filter(email=person.email).exists()
