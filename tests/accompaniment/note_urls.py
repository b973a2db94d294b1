"""URLs for the tests of `once`: a form that writes a note each time it gets through."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import include, path
from django.utils import timezone

from accompaniment.models import Jobseeker, Note
from accompaniment.views.once import once
from config import views

handler500 = views.server_error


def write(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return HttpResponse("page")
    if not request.POST.get("body"):
        return HttpResponse("empty", status=422)
    if request.POST["body"] == "breaks":
        _note(request)
        raise RuntimeError
    note = _note(request)
    return redirect(f"/note/{note.pk}/")


def _note(request: HttpRequest) -> Note:
    person = Jobseeker.objects.get()
    return Note.objects.create(jobseeker=person, author=request.user, at=timezone.now(), body=request.POST["body"])


urlpatterns = [
    path("once/", once(write), name="write_once"),
    path("each-time/", write, name="write_each_time"),
    path("", include("config.urls")),
]
