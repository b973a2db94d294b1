"""Addresses of the app."""

from django.urls import URLPattern, path

from messaging.views import demonstration

urlpatterns: list[URLPattern] = [
    path("demonstration/courriels/", demonstration.sent_emails, name="sent_emails"),
]
