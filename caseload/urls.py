"""Addresses of the app."""

from django.urls import URLPattern, path

from caseload.views import dashboard, day, imports, people, portfolios, regions, registration, space, staff

urlpatterns: list[URLPattern] = [
    path("ma-journee/", day.my_day, name="my_day"),
    path("inscriptions/panneau/", day.volunteers_panel, name="volunteers_panel"),
    path("portefeuille/", portfolios.my_portfolio, name="my_portfolio"),
    path("personnes/<int:pk>/", people.person, name="person"),
    path("personnes/<int:pk>/coordonnees/", people.person_details, name="person_details"),
    path("inscriptions/", registration.registrations, name="registrations"),
    path("inscriptions/<int:pk>/", registration.registration, name="registration"),
    path("inscriptions/<int:pk>/brouillon/", registration.registration_draft, name="registration_draft"),
    path("inscriptions/<int:pk>/adresse/", registration.registration_email, name="registration_email"),
    path("mon-espace/panneau/conseiller/", space.space_adviser_panel, name="space_adviser_panel"),
    path("pilotage/", dashboard.steering, name="steering"),
    path("pilotage/regions.csv", dashboard.steering_export, name="steering_export"),
    path("portefeuilles/", staff.portfolios, name="portfolios"),
    path("equipes/", staff.teams, name="teams"),
    path("imports/", imports.import_list, name="imports"),
    path("imports/<int:pk>/", imports.import_detail, name="import"),
    path("imports/<int:pk>/rejets.csv", imports.import_rejected_rows, name="import_rejected_rows"),
    path("reglages/", regions.region_list, name="settings"),
    path("reglages/regions/<str:code>/", regions.region_opening, name="region_opening"),
]
