"""Addresses of the app."""

from django.urls import URLPattern, path

from accompaniment.views import (
    accounts,
    addresses,
    consent,
    display,
    footer,
    own_data,
    phone,
    plans,
    session_end,
    space,
    workbook,
)
from accompaniment.views.consent import certificate

urlpatterns: list[URLPattern] = [
    path("connexion/", accounts.LogInView.as_view(), name="login"),
    path("deconnexion/", accounts.log_out, name="log_out"),
    path("mot-de-passe-oublie/", accounts.password_forgotten, name="password_forgotten"),
    path("mot-de-passe-oublie/envoye/", accounts.password_forgotten_sent, name="password_forgotten_sent"),
    path("premiere-connexion/", accounts.first_access, name="first_access"),
    path("premiere-connexion/envoye/", accounts.first_access_sent, name="first_access_sent"),
    path("mot-de-passe/<str:uidb64>/<str:token>/", accounts.password_reset, name="password_reset"),
    path("activation/<str:token>/", accounts.activation, name="activation"),
    path("mon-compte/mot-de-passe/", accounts.password_change, name="password_change"),
    path("mon-compte/adresse/", addresses.change_address, name="change_address"),
    path("mon-compte/adresse/abandonner/", addresses.drop_address, name="drop_address"),
    path("mon-compte/session/", session_end.session_time, name="session_time"),
    path("adresse/<str:token>/", addresses.confirm_address, name="confirm_address"),
    path("accessibilite/", footer.accessibility, name="accessibility"),
    path("plan-du-site/", footer.site_plan, name="site_plan"),
    path("donnees-personnelles/", footer.personal_data, name="personal_data"),
    path("mentions-legales/", footer.legal_notice, name="legal_notice"),
    path("affichage/", display.display, name="display"),
    path("mon-espace/", space.space, name="space"),
    path("mon-espace/demander/", space.ask, name="ask_enrolment"),
    path("mon-espace/acceptation/", consent.acceptance, name="acceptance"),
    path("mon-espace/quitter/", consent.leave, name="leave_track"),
    path("mon-accompagnement/", space.my_accompaniment, name="my_accompaniment"),
    path("mon-accompagnement/plan/", plans.ask_change, name="ask_plan_change"),
    path("mon-accompagnement/plan/<int:pk>/retirer/", plans.withdraw, name="withdraw_plan_wish"),
    path("acceptations/<int:pk>/attestation/", certificate, name="certificate"),
    path("etapes/<int:pk>/faite/", workbook.tick_step, name="tick_step"),
    path("mes-documents/", workbook.own_documents, name="own_documents"),
    path("mes-documents/<int:pk>/", workbook.own_document, name="own_document"),
    path("documents/<int:pk>/retirer/", workbook.remove_document, name="remove_document"),
    path("mon-numero/", phone.my_phone, name="my_phone"),
    path("mon-moyen-prefere/", phone.my_channel, name="my_channel"),
    path("mes-donnees/", own_data.own_data, name="own_data"),
]
