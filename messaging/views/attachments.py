"""Files of messages: storing one before it is sent, removing it again, opening it."""

from http import HTTPStatus

from django.http import Http404, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accompaniment.enums import Role
from accompaniment.rules.errors import DomainError
from accompaniment.views.access import AuthenticatedRequest, role_required
from messaging.enums import AttachmentState
from messaging.forms import UploadForm
from messaging.models import Attachment
from messaging.reads.attachments import SHOWN, STORED, attachment_item
from messaging.services import attachment_files, attachments
from messaging.services.conversations import record_reading
from messaging.views.conversations import UNREADABLE, open_for, refuse


@require_POST
@role_required(Role.ADVISER, Role.JOBSEEKER)
def upload(request: AuthenticatedRequest, pk: int) -> HttpResponseBase:
    """Store one file for a message that the user is writing, and return it in JSON."""
    opened = open_for(request, pk)
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return refuse(" ".join(str(error) for error in form.errors.get("file", ())) or UNREADABLE)
    sent = form.cleaned_data["file"]
    try:
        stored = attachments.store(
            actor=request.user,
            conversation=opened.conversation,
            name=sent.name,
            source=sent,
            client_id=form.cleaned_data["client_id"],
        )
    except DomainError as error:
        return refuse(error.sentence)
    return JsonResponse(attachment_item(stored))


@require_safe
@role_required(Role.ADVISER, Role.JOBSEEKER)
def attachment(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """A file as a download that no browser opens as a page of ours."""
    return _sent(request, _opened(request, pk), as_download=True)


@require_safe
@role_required(Role.ADVISER, Role.JOBSEEKER)
def shown(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """A PDF or a picture to read in the browser, closed in as the download is; any other file is a download."""
    found = _opened(request, pk)
    return _sent(request, found, as_download=STORED[found.media_type] not in SHOWN)


def _sent(request: AuthenticatedRequest, found: Attachment, *, as_download: bool) -> HttpResponse:
    if found.state != AttachmentState.READY:
        status = HTTPStatus.GONE if found.state == AttachmentState.INFECTED else HTTPStatus.CONFLICT
        return render(request, "messaging/attachment_closed.html", {"attachment": found}, status=status)
    try:
        content = attachment_files.read(found.key)
    except FileNotFoundError as missing:
        raise Http404 from missing
    response = _closed_in(content, found.media_type)
    response["Content-Disposition"] = str(content_disposition_header(as_download, found.name))
    return response


@require_safe
@role_required(Role.ADVISER, Role.JOBSEEKER)
def preview(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """The small picture of a picture, made by us."""
    found = _opened(request, pk)
    if found.state != AttachmentState.READY or not found.has_preview:
        raise Http404
    try:
        return _closed_in(attachment_files.read_preview(found.key), "image/jpeg")
    except FileNotFoundError as missing:
        raise Http404 from missing


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADVISER, Role.JOBSEEKER)
def about(request: AuthenticatedRequest, pk: int) -> HttpResponseBase:
    """Return a file as it is now, in JSON. A POST of its uploader removes it while no message carries it."""
    found = _opened(request, pk)
    if request.method != "POST":
        return JsonResponse(attachment_item(found))
    try:
        attachments.remove(actor=request.user, attachment=found)
    except DomainError as error:
        return refuse(error.sentence)
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


def _opened(request: AuthenticatedRequest, pk: int) -> Attachment:
    found: Attachment = get_object_or_404(Attachment.objects.readable_by(request.user), pk=pk)
    opened = open_for(request, found.conversation_id)
    record_reading(actor=request.user, conversation=opened.conversation, who=opened.who)
    return found


def _closed_in(content: bytes, media_type: str) -> HttpResponse:
    """Return bytes that came from outside so that nothing in them runs, and no cache keeps them."""
    # Read at once, because it is small. Under ASGI Django would load a streamed file whole anyway, with a warning.
    response = HttpResponse(content, content_type=media_type)
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response
