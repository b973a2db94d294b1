"""Addresses of the app."""

from django.urls import URLPattern, path

from caseload.views import dashboard, day, people, portfolios, staff

urlpatterns: list[URLPattern] = [
    path("ma-journee/", day.my_day, name="my_day"),
    path("portefeuille/", portfolios.my_portfolio, name="my_portfolio"),
    path("personnes/<int:pk>/", people.person, name="person"),
    path("personnes/<int:pk>/coordonnees/", people.person_details, name="person_details"),
    path("pilotage/", dashboard.steering, name="steering"),
    path("pilotage/regions.csv", dashboard.steering_export, name="steering_export"),
    path("portefeuilles/", staff.portfolios, name="portfolios"),
    path("equipes/", staff.teams, name="teams"),
]
