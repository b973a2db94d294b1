"""Addresses of the whole house; each app owns its own pages."""

from django.urls import include, path

from config import views

urlpatterns = [
    path("", views.home, name="home"),
    path("", include("accompaniment.urls")),
    path("", include("caseload.urls")),
    path("", include("messaging.urls")),
    path("", include("visio.urls")),
]
