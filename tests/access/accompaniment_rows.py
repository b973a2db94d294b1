"""Who gets what from the URLs of the ground floor, and from the log-in pages."""

from tests.access.row import Row

ROWS: dict[str, Row] = {
    "home": Row(
        "login > > > > > > > >",
        "login > > > > > > > >",
    ),
    "login": Row(
        "200 > > > > > > > >",
        "200 > > > > > > > >",
    ),
    "log_out": Row(
        "405 405 405 405 405 405 405 405 405",
        "> > > > > > > > >",
    ),
    "password_forgotten": Row(
        "200 200 200 200 200 200 200 200 200",
        "200 200 200 200 200 200 200 200 200",
    ),
    "password_forgotten_sent": Row(
        "200 200 200 200 200 200 200 200 200",
        "405 405 405 405 405 405 405 405 405",
    ),
    "site_plan": Row(
        "200 200 200 200 200 200 200 200 200",
        "405 405 405 405 405 405 405 405 405",
    ),
    "first_access": Row(
        "200 200 200 200 200 200 200 200 200",
        "200 200 200 200 200 200 200 200 200",
    ),
    "first_access_sent": Row(
        "200 200 200 200 200 200 200 200 200",
        "405 405 405 405 405 405 405 405 405",
    ),
    "password_reset": Row(
        "410 410 410 410 410 410 410 410 410",
        "410 410 410 410 410 410 410 410 410",
        lambda house: (
            "MQ",
            "nobody",
        ),
    ),
    "activation": Row(
        "410 410 410 410 410 410 410 410 410",
        "410 410 410 410 410 410 410 410 410",
        lambda house: ("nobody",),
    ),
    "change_address": Row(
        "login 200 200 200 200 200 200 200 200",
        "login 422 422 422 422 422 422 422 422",
    ),
    "session_time": Row(
        "login 200 200 200 200 200 200 200 200",
        "login 200 200 200 200 200 200 200 200",
    ),
    "drop_address": Row(
        "login 405 405 405 405 405 405 405 405",
        "login > > > > > > > >",
    ),
    "confirm_address": Row(
        "410 410 410 410 410 410 410 410 410",
        "410 410 410 410 410 410 410 410 410",
        lambda house: ("nobody",),
    ),
    "password_change": Row(
        "login 200 200 200 200 200 200 200 200",
        "login 200 200 200 200 200 200 200 200",
    ),
    "display": Row(
        "200 200 200 200 200 200 200 200 200",
        "> > > > > > > > >",
    ),
    "accessibility": Row(
        "200 200 200 200 200 200 200 200 200",
        "405 405 405 405 405 405 405 405 405",
    ),
    "offline": Row(
        "200 200 200 200 200 200 200 200 200",
        "405 405 405 405 405 405 405 405 405",
    ),
    "service_worker": Row(
        "200 200 200 200 200 200 200 200 200",
        "405 405 405 405 405 405 405 405 405",
    ),
    "personal_data": Row(
        "200 200 200 200 200 200 200 200 200",
        "405 405 405 405 405 405 405 405 405",
    ),
    "legal_notice": Row(
        "200 200 200 200 200 200 200 200 200",
        "405 405 405 405 405 405 405 405 405",
    ),
    "space": Row(
        "login 200 200 403 403 403 403 403 403",
        "login 405 405 403 403 403 403 403 403",
    ),
    "ask_enrolment": Row(
        "login 405 405 403 403 403 403 403 403",
        "login > > 403 403 403 403 403 403",
    ),
    "acceptance": Row(
        "login 200 200 403 403 403 403 403 403",
        "login 422 422 403 403 403 403 403 403",
    ),
    "leave_track": Row(
        "login 200 200 403 403 403 403 403 403",
        "login > > 403 403 403 403 403 403",
    ),
    "certificate": Row(
        "login 200 404 200 404 404 200 404 200",
        "login 405 405 405 405 405 405 405 405",
        lambda house: (house.owner.consents.get().pk,),
    ),
    "my_accompaniment": Row(
        "login 200 200 403 403 403 403 403 403",
        "login 405 405 403 403 403 403 403 403",
    ),
    "ask_plan_change": Row(
        "login 200 200 403 403 403 403 403 403",
        "login 422 422 403 403 403 403 403 403",
    ),
    "withdraw_plan_wish": Row(
        "login 405 405 403 403 403 403 403 403",
        "login > 404 403 403 403 403 403 403",
        lambda house: (house.wish.pk,),
    ),
    "my_phone": Row(
        "login 200 200 403 403 403 403 403 403",
        "login 422 422 403 403 403 403 403 403",
    ),
    "my_channel": Row(
        "login 200 200 403 403 403 403 403 403",
        "login > > 403 403 403 403 403 403",
    ),
    "my_notices": Row(
        "login 200 200 200 200 200 200 200 200",
        "login > > > > > > > >",
    ),
    "my_device": Row(
        "login 405 405 405 405 405 405 405 405",
        "login 400 400 400 400 400 400 400 400",
    ),
    "own_data": Row(
        "login 200 200 403 403 403 403 403 403",
        "login 405 405 403 403 403 403 403 403",
    ),
    "tick_step": Row(
        "login 405 405 405 405 405 403 403 403",
        "login > 404 > 404 404 403 403 403",
        lambda house: (house.step.pk,),
    ),
    "own_documents": Row(
        "login 200 200 403 403 403 403 403 403",
        "login 422 422 403 403 403 403 403 403",
    ),
    "own_document": Row(
        "login 200 404 403 403 403 403 403 403",
        "login 405 405 403 403 403 403 403 403",
        lambda house: (house.document_pk,),
    ),
    "remove_document": Row(
        "login 200 404 200 404 404 403 403 403",
        "login > 404 > 404 404 403 403 403",
        lambda house: (house.document_pk,),
    ),
}
