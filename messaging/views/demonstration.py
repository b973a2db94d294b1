"""What only the demonstration shows."""

from itertools import islice

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from messaging.models import DemonstrationEmail
from messaging.services.sms import written_to_file

EMAILS_PER_PAGE = 20
SMS_SHOWN = 10


@login_not_required
@require_safe
def sent_emails(request: HttpRequest) -> HttpResponse:
    """Show the e-mails and the SMS that the demonstration kept, newest first; 404 everywhere else."""
    if not settings.DEMONSTRATION:
        raise Http404
    page = Paginator(DemonstrationEmail.objects.all(), EMAILS_PER_PAGE).get_page(request.GET.get("page"))
    messages = list(islice(written_to_file(), SMS_SHOWN)) if page.number == 1 else []
    return render(request, "messaging/sent_emails.html", {"page": page, "sent_sms": messages})
