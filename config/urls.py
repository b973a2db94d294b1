"""Addresses of the whole house; each app owns its own pages."""

from django.urls import include, path

from config import views

handler400 = views.bad_request
handler500 = views.server_error

urlpatterns = [
    path("", views.home, name="home"),
    path("hors-connexion/", views.offline, name="offline"),
    path("service-worker.js", views.service_worker, name="service_worker"),
    path("", include("accompaniment.urls")),
    path("", include("caseload.urls")),
    path("", include("messaging.urls")),
    path("", include("visio.urls")),
]
