"""Who gets what from the URLs of the interviews."""

from accompaniment.models import User
from tests.access.house import user_pk
from tests.access.row import Row

ROWS: dict[str, Row] = {
    "panel_next_free": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 403 403 405 405 405 403 403 403",
    ),
    "offer_slots": Row(
        "login 403 403 200 404 404 403 403 403",
        "login 403 403 422 404 404 403 403 403",
        lambda house: (house.owner.pk,),
    ),
    "slot_card": Row(
        "login 200 404 200 404 404 403 403 403",
        "login 422 404 403 404 404 403 403 403",
        lambda house: (house.conversation.pk, house.offer.message.number),
    ),
    "my_interviews": Row(
        "login 200 200 403 403 403 403 403 403",
        "login 405 405 403 403 403 403 403 403",
    ),
    "take_interview": Row(
        "login > > 403 403 403 403 403 403",
        "login 422 422 403 403 403 403 403 403",
    ),
    "choose_slot": Row(
        "login 200 404 403 403 403 403 403 403",
        "login 422 404 403 403 403 403 403 403",
        lambda house: (house.obligation_pk,),
    ),
    "move_interview": Row(
        "login 200 404 403 403 403 403 403 403",
        "login 422 404 403 403 403 403 403 403",
        lambda house: (house.later.pk,),
    ),
    "cancel_interview": Row(
        "login 200 404 403 403 403 403 403 403",
        "login > 404 403 403 403 403 403 403",
        lambda house: (house.later.pk,),
    ),
    "interview_band": Row(
        "login 200 200 200 200 200 200 200 200",
        "login 405 405 405 405 405 405 405 405",
    ),
    "panel_next_step": Row(
        "login 200 200 403 403 403 403 403 403",
        "login 405 405 403 403 403 403 403 403",
    ),
    "ask_on_site": Row(
        "login 200 200 403 403 403 403 403 403",
        "login > > 403 403 403 403 403 403",
    ),
    "withdraw_on_site": Row(
        "login 405 405 403 403 403 403 403 403",
        "login > 404 403 403 403 403 403 403",
        lambda house: (house.on_site.pk,),
    ),
    "agenda": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 403 403 405 405 405 403 403 403",
    ),
    "hours": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 403 403 405 405 405 403 403 403",
    ),
    "day_hours": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 403 403 409 409 409 403 403 403",
    ),
    "hold_slot": Row(
        "login 405 405 405 405 405 403 403 403",
        "login 422 404 422 404 404 403 403 403",
        lambda house: (house.owner.pk,),
    ),
    "booking_settings": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 403 403 422 422 422 403 403 403",
    ),
    "outside_calendar": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 403 403 422 422 422 403 403 403",
    ),
    "move_booked": Row(
        "login 403 403 200 404 404 403 403 403",
        "login 403 403 422 404 404 403 403 403",
        lambda house: (house.later.pk,),
    ),
    "cancel_booked": Row(
        "login 403 403 200 404 404 403 403 403",
        "login 403 403 422 404 404 403 403 403",
        lambda house: (house.later.pk,),
    ),
    "interview_report": Row(
        "login 403 403 200 404 404 403 403 403",
        "login 403 403 422 404 404 403 403 403",
        lambda house: (house.interview.pk,),
    ),
    "record_on_site": Row(
        "login 403 403 405 405 405 403 403 403",
        "login 403 403 > 404 404 403 403 403",
        lambda house: (house.owner.pk,),
    ),
    "left_interviews": Row(
        "login 403 403 403 403 403 200 404 200",
        "login 403 403 403 403 403 > 404 >",
        lambda house: (User.objects.get(pk=user_pk(house, "follower")).adviser.pk,),
    ),
    "on_site_requests": Row(
        "login 403 403 200 200 200 200 200 200",
        "login 403 403 405 405 405 405 405 405",
    ),
    "answer_on_site": Row(
        "login 403 403 200 404 404 403 404 403",
        "login 403 403 422 404 404 403 404 403",
        lambda house: (house.on_site.pk,),
    ),
    "explain_absence": Row(
        "login 200 404 403 403 403 403 403 403",
        "login 422 404 403 403 403 403 403 403",
        lambda house: (house.noted.pk,),
    ),
    "absences_to_decide": Row(
        "login 403 403 200 200 200 200 200 200",
        "login 403 403 405 405 405 405 405 405",
    ),
    "decide_absence": Row(
        "login 403 403 200 404 404 200 404 200",
        "login 403 403 422 404 404 422 404 422",
        lambda house: (house.noted.pk,),
    ),
    "panel_absences": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 403 403 405 405 405 403 403 403",
    ),
    "panel_today": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 403 403 405 405 405 403 403 403",
    ),
    "panel_obligations": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 403 403 405 405 405 403 403 403",
    ),
    "panel_on_site": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 403 403 405 405 405 403 403 403",
    ),
    "panel_person_on_site": Row(
        "login 403 403 200 404 404 200 404 200",
        "login 403 403 405 405 405 405 405 405",
        lambda house: (house.owner.pk,),
    ),
    "book_for": Row(
        "login 403 403 200 404 404 403 403 403",
        "login 403 403 422 404 404 403 403 403",
        lambda house: (house.owner.pk,),
    ),
    "panel_person_interviews": Row(
        "login 403 403 200 404 404 200 404 200",
        "login 403 403 405 405 405 405 405 405",
        lambda house: (house.owner.pk,),
    ),
    "device_test": Row(
        "login 200 200 200 200 200 403 403 403",
        "login 405 405 405 405 405 403 403 403",
    ),
    "device_test_result": Row(
        "login 405 405 403 403 403 403 403 403",
        "login 422 422 403 403 403 403 403 403",
    ),
    "room": Row(
        "login 200 404 200 404 404 404 404 404",
        "login 405 405 405 405 405 405 405 405",
        lambda house: (house.interview.token,),
    ),
    "interview_file": Row(
        "login 200 404 200 404 404 403 403 403",
        "login 405 405 405 405 405 403 403 403",
        lambda house: (house.interview.pk,),
    ),
    "rescue": Row(
        "login 200 404 200 404 404 404 404 404",
        "login 422 404 422 404 404 404 404 404",
        lambda house: (house.interview.token,),
    ),
    "rescue_news": Row(
        "login 200 404 200 404 404 404 404 404",
        "login 405 405 405 405 405 405 405 405",
        lambda house: (house.interview.token,),
    ),
    "calendar_feed": Row(
        "login 200 200 200 200 200 403 403 403",
        "login 200 200 200 200 200 403 403 403",
    ),
    "end_calendar_feed": Row(
        "login 405 405 405 405 405 403 403 403",
        "login > > > > > 403 403 403",
    ),
    "calendar_feed_file": Row(
        "404 404 404 404 404 404 404 404 404",
        "405 405 405 405 405 405 405 405 405",
        lambda house: ("0123456789abcdefghijkl",),
    ),
    "room_end": Row(
        "login 405 405 405 405 405 405 405 405",
        "login 409 404 409 404 404 404 404 404",
        lambda house: (house.interview.token,),
    ),
    "room_trouble": Row(
        "login 405 405 405 405 405 405 405 405",
        "login > 404 > 404 404 404 404 404",
        lambda house: (house.interview.token,),
    ),
    "room_phone": Row(
        "login 405 405 405 405 405 405 405 405",
        "login > 404 > 404 404 404 404 404",
        lambda house: (house.interview.token,),
    ),
    "room_number": Row(
        "login 405 405 403 403 403 403 403 403",
        "login > 404 403 403 403 403 403 403",
        lambda house: (house.interview.token,),
    ),
}
