"""Addresses of the app."""

from django.urls import URLPattern, path

from visio.views import agenda, booking, departures, hours, missed, offers, panels, room
from visio.views import on_site_requests as onsite

urlpatterns: list[URLPattern] = [
    path("mes-entretiens/", booking.my_interviews, name="my_interviews"),
    path("mes-entretiens/prendre/", booking.take_interview, name="take_interview"),
    path("mes-entretiens/choisir/<int:pk>/", booking.choose_slot, name="choose_slot"),
    path("mes-entretiens/<int:pk>/deplacer/", booking.move_slot, name="move_interview"),
    path("mes-entretiens/<int:pk>/annuler/", booking.cancel_slot, name="cancel_interview"),
    path("mes-entretiens/<int:pk>/absence/", missed.explain, name="explain_absence"),
    path("mes-entretiens/bandeau/", panels.band, name="interview_band"),
    path("mes-entretiens/panneau/prochain/", panels.next_step, name="panel_next_step"),
    path("etre-recu/", onsite.ask, name="ask_on_site"),
    path("etre-recu/<int:pk>/retirer/", onsite.withdraw, name="withdraw_on_site"),
    path("agenda/", agenda.agenda, name="agenda"),
    path("agenda/<int:pk>/compte-rendu/", agenda.report, name="interview_report"),
    path("agenda/horaires/", hours.week, name="hours"),
    path("agenda/horaires/<str:day>/", hours.day, name="day_hours"),
    path("agenda/absences/", missed.absences, name="absences_to_decide"),
    path("agenda/<int:pk>/absence/", missed.decide, name="decide_absence"),
    path("agenda/conseillers/<int:pk>/", departures.left_interviews, name="left_interviews"),
    path("personnes/<int:pk>/demande-en-agence/", onsite.record, name="record_on_site"),
    path("demandes-en-agence/", onsite.requests, name="on_site_requests"),
    path("demandes-en-agence/<int:pk>/", onsite.answer, name="answer_on_site"),
    path("agenda/panneau/aujourdhui/", panels.today, name="panel_today"),
    path("agenda/panneau/absences/", panels.absences, name="panel_absences"),
    path("agenda/panneau/heure-libre/", panels.next_free, name="panel_next_free"),
    path("agenda/panneau/echeances/", panels.obligations, name="panel_obligations"),
    path("agenda/panneau/en-agence/", panels.on_site, name="panel_on_site"),
    path("agenda/panneau/personne/<int:pk>/", panels.person, name="panel_person_interviews"),
    path("agenda/panneau/personne/<int:pk>/en-agence/", panels.person_on_site, name="panel_person_on_site"),
    path("agenda/personne/<int:pk>/rendez-vous/", booking.book_for, name="book_for"),
    path("agenda/personne/<int:pk>/creneaux-a-proposer/", offers.offer, name="offer_slots"),
    path("mes-entretiens/proposition/<int:pk>/<int:number>/", offers.card, name="slot_card"),
    path("visio/test/", room.device_test, name="device_test"),
    path("visio/test/resultat/", room.device_test_result, name="device_test_result"),
    path("visio/<str:token>/", room.room, name="room"),
    path("visio/<str:token>/fin/", room.end, name="room_end"),
    path("visio/<str:token>/probleme/", room.trouble, name="room_trouble"),
    path("visio/<str:token>/telephone/", room.phone, name="room_phone"),
    path("visio/<str:token>/numero/", room.number, name="room_number"),
]
