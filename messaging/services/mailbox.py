"""The mail server of the demonstration: e-mails are kept, shown on a page, and leave the machine for nobody."""

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from messaging.models import DemonstrationEmail


class DemonstrationBackend(BaseEmailBackend):
    """Stores one row per recipient. Used as EMAIL_BACKEND with invented data."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Keep the messages; return how many."""
        DemonstrationEmail.objects.bulk_create(
            DemonstrationEmail(recipient=recipient, subject=message.subject[:200], body=str(message.body))
            for message in email_messages
            for recipient in message.recipients()
        )
        return len(email_messages)
