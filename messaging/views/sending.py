"""The form with which a message is written: its files, then its text."""

from collections.abc import Iterable, Iterator

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone

from accompaniment.forms.fields import add_refusal
from accompaniment.models import Jobseeker
from accompaniment.rules.errors import DomainError
from accompaniment.rules.parsing import number_in
from accompaniment.views.access import AuthenticatedRequest
from messaging.forms import MessageForm, composer
from messaging.models import Attachment, CannedReply, Conversation, Message, PlannedMessage
from messaging.reads.attachments import attachment_item
from messaging.reads.planned import next_opening, planned_item
from messaging.reads.replies import filled, values_for
from messaging.services import attachments
from messaging.services.planned import plan_message
from messaging.services.posting import check_number, post_message

CLOSED_MEANWHILE = (
    "L'agence a fermé depuis que vous avez ouvert cette page. Votre message n'est pas parti\u00a0: choisissez quand "
    "il part."
)


def form_of_page(request: AuthenticatedRequest, conversation: Conversation) -> MessageForm:
    """Return the form of a page that is opened: empty, or with the canned reply or the text that the address names."""
    taken = _taken_back(request, conversation)
    if taken:
        return composer(conversation, body=taken)
    chosen = number_in(request.GET.get("reponse", ""))
    if chosen is None or not request.user.is_adviser:
        return composer(conversation)
    reply = CannedReply.objects.visible_to(request.user).filter(pk=chosen).first()
    if reply is None:
        messages.info(request, "Cette réponse type n'existe plus. Choisissez-en une autre.")
        return composer(conversation)
    values = values_for(conversation.jobseeker, writer=request.user, now=timezone.now())
    return composer(conversation, body=filled(reply, values).text)


def post_form(
    request: AuthenticatedRequest, conversation: Conversation, form: MessageForm
) -> Message | PlannedMessage | None:
    """Store the files and the message of a form; return None, with the reasons in the form, if it is refused.

    Files that could be stored are kept for the page that shows the form again. A message that an adviser lets wait
    until the agency opens is planned, and leaves at once if it has opened meanwhile.
    """
    is_valid = form.is_valid()
    if is_valid and request.user.is_adviser and _chose_nothing(conversation, form):
        form.add_error("body", CLOSED_MEANWHILE)
    files = list(form.cleaned_data.get("attachments", ()))
    sent = form.cleaned_data.get("uploads", ())
    try:
        check_number(len(files) + len(sent))
        files += [stored.pk for stored in _stored(request, conversation, form, sent)]
        if is_valid and not form.errors and form.waits:
            return plan_message(
                actor=request.user,
                conversation=conversation,
                client_id=form.cleaned_data["client_id"],
                body=form.cleaned_data["body"],
            )
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


def said_of(stored: Message | PlannedMessage, person: Jobseeker, *, sent: str) -> str:
    """Return what is said after a form: `sent`, or when the message that waits will leave."""
    if isinstance(stored, Message):
        return sent
    return f"Votre message à {person} partira {planned_item(stored, stored.author).when}."


def _chose_nothing(conversation: Conversation, form: MessageForm) -> bool:
    """Return whether the agency has closed since the page was made, so that it offered no choice."""
    now = timezone.now()
    if not form.outlived(now):
        return False
    opening = next_opening(conversation.jobseeker.agency, now=now)
    return opening is not None and opening.starts_at > now


def _stored(
    request: AuthenticatedRequest, conversation: Conversation, form: MessageForm, sent: Iterable[UploadedFile]
) -> Iterator[Attachment]:
    """Store the files that came with a form. What is refused is said by its name."""
    for file in sent:
        try:
            yield attachments.store(actor=request.user, conversation=conversation, name=file.name or "", source=file)
        except DomainError as error:
            form.add_error("uploads", f"«\u00a0{file.name}\u00a0»\u00a0: {error.sentence}")


def _taken_back(request: AuthenticatedRequest, conversation: Conversation) -> str:
    """Return the text of one's own message that did not leave, which an address names to write it again."""
    key = number_in(request.GET.get("reprendre", ""))
    if key is None:
        return ""
    unsent = PlannedMessage.objects.filter(pk=key, author=request.user, conversation=conversation, sent_at=None)
    return unsent.exclude(given_up_at=None).values_list("body", flat=True).first() or ""
