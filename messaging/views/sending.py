"""The form with which a message is written: its files, then its text."""

from collections.abc import Iterable, Iterator

from django.core.files.uploadedfile import UploadedFile

from accompaniment.forms.fields import add_refusal
from accompaniment.rules.errors import DomainError
from accompaniment.views.access import AuthenticatedRequest
from messaging.forms import MessageForm
from messaging.models import Attachment, Conversation, Message
from messaging.reads.attachments import attachment_item
from messaging.services import attachments
from messaging.services.posting import check_number, post_message


def post_form(request: AuthenticatedRequest, conversation: Conversation, form: MessageForm) -> Message | None:
    """Store the files and the message of a form; return None, with the reasons in the form, if it is refused.

    Files that could be stored are kept for the page that shows the form again.
    """
    is_valid = form.is_valid()
    files = list(form.cleaned_data.get("attachments", ()))
    sent = form.cleaned_data.get("uploads", ())
    try:
        check_number(len(files) + len(sent))
        files += [stored.pk for stored in _stored(request, conversation, form, sent)]
        if is_valid and not form.errors:
            return post_message(
                actor=request.user,
                conversation=conversation,
                client_id=form.cleaned_data["client_id"],
                body=form.cleaned_data["body"],
                attachments=files,
            )
    except DomainError as error:
        add_refusal(form, error, attachments="uploads")
    form.kept = [attachment_item(file) for file in Attachment.objects.unsent(request.user, conversation, files)]
    return None


def _stored(
    request: AuthenticatedRequest, conversation: Conversation, form: MessageForm, sent: Iterable[UploadedFile]
) -> Iterator[Attachment]:
    """Store the files that came with a form. What is refused is said by its name."""
    for file in sent:
        try:
            yield attachments.store(actor=request.user, conversation=conversation, name=file.name or "", source=file)
        except DomainError as error:
            form.add_error("uploads", f"«\u00a0{file.name}\u00a0»\u00a0: {error.sentence}")
