"""The one way to send a person a message outside the pages."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from accompaniment.enums import NotificationKind
from accompaniment.locks import lock_gathering_letter
from accompaniment.models import Jobseeker, Notification, User
from accompaniment.rules.notices import alert_of

NAMES = "names"
"""The key under which a context stores whose names it holds: the table and primary key of each."""
ACCOUNT, FILE = "account", "file"


def with_names(context: Mapping[str, Any]) -> dict[str, Any]:
    """Replace accounts and files in a context by their names, and store whose names they are, because the e-mail may
    wait."""
    people = {name: one for name, one in context.items() if isinstance(one, (User, Jobseeker))}
    if not people:
        return dict(context)
    who = {name: [ACCOUNT if isinstance(one, User) else FILE, one.pk] for name, one in people.items()}
    return {**context, **{name: one.full_name for name, one in people.items()}, NAMES: who}


def with_names_of_today(context: Mapping[str, Any]) -> dict[str, Any]:
    """Return a context with the present names of its people, in its lines too.

    A deleted person keeps the stored name.
    """
    parts = [context, *context.get("lines", ())]
    wanted = [tuple(who) for part in parts for who in part.get(NAMES, {}).values()]
    if not wanted:
        return dict(context)
    accounts = User.objects.filter(pk__in=[pk for kind, pk in wanted if kind == ACCOUNT])
    files = Jobseeker.objects.filter(pk__in=[pk for kind, pk in wanted if kind == FILE])
    names = {(ACCOUNT, one.pk): one.full_name for one in accounts} | {(FILE, one.pk): one.full_name for one in files}

    def renamed(part: Mapping[str, Any]) -> dict[str, Any]:
        known = {name: names.get(tuple(who)) for name, who in part.get(NAMES, {}).items()}
        return {**part, **{name: found for name, found in known.items() if found}}

    found = renamed(context)
    return {**found, "lines": [renamed(line) for line in found["lines"]]} if "lines" in found else found


def notify(
    *,
    key: str,
    kind: NotificationKind,
    email: str,
    user: User | None = None,
    jobseeker: Jobseeker | None = None,
    context: dict[str, Any] | None = None,
    not_before: datetime | None = None,
) -> bool:
    """Put a notification into the outbox, in the transaction of the act that it reports.

    A `key` is used once: a second call writes nothing and returns False. Secrets (links that open an account) are not
    in `context`; they are made at delivery. Accounts and files in it are stored by name, and the letter has the name on
    the day of the delivery.
    """
    now = timezone.now()
    _, created = Notification.objects.get_or_create(
        key=key,
        defaults={
            "kind": kind,
            "email": email,
            "user": user,
            "jobseeker": jobseeker,
            "context": with_names(context or {}),
            "created_at": now,
            "next_try_at": max(now, not_before) if not_before else now,
        },
    )
    return created


def notify_jobseeker(
    *, key: str, kind: NotificationKind, jobseeker: Jobseeker, context: dict[str, Any] | None = None
) -> bool:
    """Send a jobseeker an e-mail; return whether one is sent now.

    A person without an address who has a telephone is told by SMS, if the kind has a sentence for that. Such a
    notification has no address, and the answer is False, because no e-mail leaves.
    """
    if not jobseeker.email and not (jobseeker.phone and alert_of(kind, {})):
        return False
    is_new = notify(
        key=key,
        kind=kind,
        email=jobseeker.email or "",
        user=jobseeker.user,
        jobseeker=jobseeker,
        context=context,
    )
    return is_new and bool(jobseeker.email)


def add_to_digest(
    *,
    key: str,
    kind: NotificationKind,
    user: User,
    line: dict[str, Any],
    gather_for: timedelta,
    context: dict[str, Any] | None = None,
) -> Notification:
    """Add a line to a letter that is still collecting for this account, or begin one that is sent after `gather_for`.

    Runs in the caller's transaction, so that a line is sent if and only if its act is done. The letter's row is locked.
    If delivery has already taken it, `key` names a new letter.
    """
    gathering = lock_gathering_letter(user, kind)
    if gathering is not None:
        gathering.context["lines"].append(with_names(line))
        gathering.save(update_fields=["context"])
        return gathering
    now = timezone.now()
    return Notification.objects.create(
        key=key,
        kind=kind,
        user=user,
        email=user.email,
        context={**with_names(context or {}), "lines": [with_names(line)]},
        created_at=now,
        next_try_at=now + gather_for,
    )
