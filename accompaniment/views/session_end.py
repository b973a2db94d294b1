"""The end of a session: how long it still lasts, and the act that makes it last."""

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

SESSION_OVER = 0


def seconds_left(request: HttpRequest) -> int:
    """Return how many seconds the session of this request lasts."""
    ends_at = getattr(request.session, "ends_at", None)
    if ends_at is None:
        return settings.SESSION_COOKIE_AGE
    return max(SESSION_OVER, int((ends_at - timezone.now()).total_seconds()))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def session_time(request: HttpRequest) -> JsonResponse:
    """Return the seconds that are left; with POST begin them anew. Asking does not prolong the session."""
    if request.method == "POST":
        request.session.modified = True
        return JsonResponse({"left": settings.SESSION_COOKIE_AGE})
    return JsonResponse({"left": seconds_left(request)})
