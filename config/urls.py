"""Addresses of the whole house; each app owns its own pages."""

from django.urls import include, path

urlpatterns = [
    path("", include("accompaniment.urls")),
    path("", include("caseload.urls")),
    path("", include("messaging.urls")),
    path("", include("visio.urls")),
]
