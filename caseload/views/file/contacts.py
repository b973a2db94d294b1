"""Notes a contact that took place outside the service's own channels."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accompaniment.enums import Role
from accompaniment.forms.fields import add_refusal
from accompaniment.models import Jobseeker
from accompaniment.reads.zones import reader_zone
from accompaniment.rules.errors import DomainError
from accompaniment.rules.french import zone_beside, zone_in_words
from accompaniment.views.access import AuthenticatedRequest, get_to_act, role_required
from accompaniment.views.once import once
from caseload.forms.file.contacts import ContactForm
from caseload.services.file.contacts import note_contact


@role_required(Role.ADVISER)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def person_contact(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Note a telephone call, an exchange on site, an e-mail or a letter in the person's journal."""
    people = Jobseeker.objects.select_related("agency__departement__region")
    person: Jobseeker = get_to_act(people, request.user, pk=pk)
    now, zone = timezone.now(), reader_zone()
    form = ContactForm(request.POST if request.method == "POST" else None, zone=zone, now=now)
    status = 422 if form.is_bound else 200
    if form.is_bound and form.is_valid():
        try:
            note_contact(actor=request.user, jobseeker=person, facts=form.facts)
        except DomainError as refusal:
            add_refusal(form, refusal)
            status = 409
        else:
            messages.success(request, "Le contact est consigné dans le journal.")
            return redirect("person", pk=person.pk)
    differs = bool(zone_beside(now, zone=zone, others=person.zones))
    context = {"person": person, "form": form, "zone_words": zone_in_words(zone) if differs else ""}
    return render(request, "caseload/file/contact.html", context, status=status)
