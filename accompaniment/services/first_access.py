"""The account of a person who has none yet, opened by the person and not by a decision."""

from django.db import transaction

from accompaniment.addresses import written
from accompaniment.enums import AuditAction
from accompaniment.identifiers import compact
from accompaniment.models import Jobseeker, User
from accompaniment.services import accounts, audit
from accompaniment.services.enrolments import lock_jobseeker


def request_first_access(*, identifier: str, email: str) -> None:
    """Send the link that opens the space to the address of the file, where identifier and address are its own.

    The caller is told nothing, so that nobody learns who is registered or under which address. Who has a password
    already gets the link for a new one. Asking again within `ASK_AGAIN_AFTER` sends nothing.
    """
    address = written(email)
    with transaction.atomic():
        found = Jobseeker.objects.filter(identifier=compact(identifier), email=address).first()
        person = lock_jobseeker(found.pk) if found else None
        if person is None or person.email != address or _opens_another_account(person):
            return
        user = accounts.give_account(actor=None, person=person)
        if user.has_usable_password():
            # Led to the confirmation of this address, where the account still has the one before.
            accounts.request_password_reset(email=address)
        elif user.is_active and accounts.invite_again(user=user):
            audit.record(actor=None, jobseeker=person, action=AuditAction.ACCOUNT, event="first_access_asked")


def _opens_another_account(person: Jobseeker) -> bool:
    return person.user is None and User.objects.filter(email=person.email).exists()
