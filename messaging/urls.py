"""Addresses of the app."""

from django.urls import URLPattern, path

from messaging.views import (
    callbacks,
    changes,
    conversations,
    demonstration,
    groups,
    handling,
    late_replies,
    panels,
    sequence,
)

urlpatterns: list[URLPattern] = [
    path("messagerie/", conversations.conversation_list, name="conversations"),
    path("messagerie/groupe/", groups.message_many, name="message_many"),
    path("messagerie/avec/<int:pk>/", conversations.conversation_with, name="conversation_with"),
    path("messagerie/<int:pk>/", conversations.conversation, name="conversation"),
    path("messagerie/<int:pk>/messages/", conversations.messages_after, name="conversation_messages"),
    path("messagerie/<int:pk>/<int:number>/modifier/", changes.change, name="change_message"),
    path("messagerie/<int:pk>/<int:number>/supprimer/", changes.delete, name="delete_message"),
    path("messagerie/<int:pk>/lu/", conversations.mark_read, name="conversation_read"),
    path("messagerie/<int:pk>/sans-reponse/", handling.no_reply, name="conversation_no_reply"),
    path("messagerie/<int:pk>/a-traiter/", handling.keep, name="conversation_keep"),
    path("messagerie/<int:pk>/traite/", handling.dealt_with, name="conversation_dealt_with"),
    path("messagerie/<int:pk>/me-le-rappeler/", handling.remind, name="conversation_remind"),
    path("messagerie/<int:pk>/note/", handling.note, name="conversation_note"),
    path("messagerie/en-retard/", late_replies.late_replies, name="late_replies"),
    path("messagerie/a-la-suite/", sequence.sequence, name="sequence"),
    path("messagerie/a-la-suite/<int:pk>/", sequence.one, name="sequence_of"),
    path("messagerie/panneau/a-repondre/", panels.to_answer, name="panel_to_answer"),
    path("messagerie/panneau/personne/<int:pk>/", panels.person_conversation, name="panel_person_conversation"),
    path("rappels/", callbacks.callback_list, name="callbacks"),
    path("rappels/demander/", callbacks.ask, name="ask_callback"),
    path("rappels/suivant/", callbacks.take_next, name="next_callback"),
    path("rappels/<int:pk>/", callbacks.close, name="callback"),
    path("rappels/<int:pk>/prendre/", callbacks.claim, name="claim_callback"),
    path("rappels/<int:pk>/laisser/", callbacks.release, name="release_callback"),
    path("rappels/<int:pk>/modifier/", callbacks.change, name="change_callback"),
    path("rappels/<int:pk>/annuler/", callbacks.cancel, name="cancel_callback"),
    path("rappels/panneau/", panels.callbacks, name="panel_callbacks"),
    path("demonstration/courriels/", demonstration.sent_emails, name="sent_emails"),
]
