"""Who gets what from the URLs of the portfolios."""

from tests.access.house import user_pk
from tests.access.row import Row

ROWS: dict[str, Row] = {
    "my_day": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 405 405 405 405 405 405 405 405",
    ),
    "waiting_panel": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 405 405 405 405 405 405 405 405",
    ),
    "volunteers_panel": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 405 405 405 405 405 405 405 405",
    ),
    "person_search": Row(
        "login 403 403 200 200 200 200 200 200",
        "login 405 405 405 405 405 405 405 405",
    ),
    "my_portfolio": Row(
        "login 403 403 200 200 200 > > >",
        "login 405 405 405 405 405 405 405 405",
    ),
    "my_portfolio_export": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 405 405 405 405 405 405 405 405",
    ),
    "note_for_one": Row(
        "login 403 403 > > > 403 403 403",
        "login 405 405 405 405 405 405 405 405",
    ),
    "plan_many": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 403 403 422 422 422 403 403 403",
    ),
    "saved_views": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 403 403 422 422 422 403 403 403",
    ),
    "saved_view": Row(
        "login 403 403 200 404 404 403 403 403",
        "login 403 403 422 404 404 403 403 403",
        lambda house: (house.view_pk,),
    ),
    "delete_saved_view": Row(
        "login 405 405 405 405 405 405 405 405",
        "login 403 403 > 404 404 403 403 403",
        lambda house: (house.view_pk,),
    ),
    "person": Row(
        "login 403 403 200 404 404 200 404 200",
        "login 405 405 405 405 405 405 405 405",
        lambda house: (house.owner.pk,),
    ),
    "person_sheet": Row(
        "login 403 403 200 404 404 200 404 200",
        "login 405 405 405 405 405 405 405 405",
        lambda house: (house.owner.pk,),
    ),
    "person_details": Row(
        "login 405 405 405 405 405 405 405 405",
        "login 403 403 200 404 404 200 404 200",
        lambda house: (house.owner.pk,),
    ),
    "person_leaves": Row(
        "login 403 403 200 404 404 403 403 403",
        "login 403 403 > 404 404 403 403 403",
        lambda house: (house.owner.pk,),
    ),
    "person_plan": Row(
        "login 403 403 200 404 404 403 403 403",
        "login 403 403 422 404 404 403 403 403",
        lambda house: (house.owner.pk,),
    ),
    "hold_by_contact": Row(
        "login 403 403 405 405 405 403 403 403",
        "login 403 403 > 404 404 403 403 403",
        lambda house: (house.obligation_pk, house.contact_pk),
    ),
    "plans_panel": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 403 403 405 405 405 403 403 403",
    ),
    "edit_details": Row(
        "login 403 403 200 404 404 403 403 403",
        "login 403 403 409 404 404 403 403 403",
        lambda house: (house.owner.pk,),
    ),
    "person_contact": Row(
        "login 403 403 200 404 404 403 403 403",
        "login 403 403 422 404 404 403 403 403",
        lambda house: (house.owner.pk,),
    ),
    "add_note": Row(
        "login 403 403 405 405 405 403 403 403",
        "login 403 403 422 404 404 403 403 403",
        lambda house: (house.owner.pk,),
    ),
    "withdraw_note": Row(
        "login 403 403 200 404 404 403 403 403",
        "login 403 403 > 404 404 403 403 403",
        lambda house: (house.note_pk,),
    ),
    "action_plan": Row(
        "login 403 403 200 404 404 403 403 403",
        "login 403 403 422 404 404 403 403 403",
        lambda house: (house.owner.pk,),
    ),
    "add_step": Row(
        "login 403 403 405 405 405 403 403 403",
        "login 403 403 422 404 404 403 403 403",
        lambda house: (house.step.objective_id,),
    ),
    "close_objective": Row(
        "login 403 403 405 405 405 403 403 403",
        "login 403 403 > 404 404 403 403 403",
        lambda house: (house.step.objective_id,),
    ),
    "reopen_objective": Row(
        "login 403 403 405 405 405 403 403 403",
        "login 403 403 > 404 404 403 403 403",
        lambda house: (house.step.objective_id,),
    ),
    "edit_objective": Row(
        "login 403 403 200 404 404 403 403 403",
        "login 403 403 422 404 404 403 403 403",
        lambda house: (house.step.objective_id,),
    ),
    "edit_step": Row(
        "login 403 403 200 404 404 403 403 403",
        "login 403 403 422 404 404 403 403 403",
        lambda house: (house.step.pk,),
    ),
    "remove_step": Row(
        "login 403 403 405 405 405 403 403 403",
        "login 403 403 > 404 404 403 403 403",
        lambda house: (house.step.pk,),
    ),
    "person_documents": Row(
        "login 403 403 200 404 404 200 404 200",
        "login 403 403 422 404 404 403 404 403",
        lambda house: (house.owner.pk,),
    ),
    "person_document": Row(
        "login 403 403 200 404 404 200 404 200",
        "login 403 403 405 405 405 405 405 405",
        lambda house: (house.document_pk,),
    ),
    "person_tier": Row(
        "login 403 403 200 404 404 200 404 200",
        "login 403 403 422 404 404 422 404 422",
        lambda house: (house.owner.pk,),
    ),
    "registrations": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 403 403 405 405 405 403 403 403",
    ),
    "record_wish": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 403 403 404 404 404 403 403 403",
    ),
    "registration": Row(
        "login 403 403 200 200 404 403 403 403",
        "login 403 403 422 422 404 403 403 403",
        lambda house: (house.waiting.pk,),
    ),
    "registration_draft": Row(
        "login 403 403 405 405 405 403 403 403",
        "login 403 403 > > 404 403 403 403",
        lambda house: (house.waiting.pk,),
    ),
    "registration_device_link": Row(
        "login 403 403 405 405 405 403 403 403",
        "login 403 403 > > 404 403 403 403",
        lambda house: (house.waiting.pk,),
    ),
    "registration_email": Row(
        "login 403 403 405 405 405 403 403 403",
        "login 403 403 422 422 404 403 403 403",
        lambda house: (house.waiting.pk,),
    ),
    "space_adviser_panel": Row(
        "login 200 200 403 403 403 403 403 403",
        "login 405 405 403 403 403 403 403 403",
    ),
    "steering": Row(
        "login 403 403 403 403 403 200 200 200",
        "login 405 405 405 405 405 405 405 405",
    ),
    "steering_export": Row(
        "login 403 403 403 403 403 200 200 200",
        "login 405 405 405 405 405 405 405 405",
    ),
    "waiting_list": Row(
        "login 403 403 200 200 200 200 200 200",
        "login 403 403 405 405 405 405 405 405",
    ),
    "place_person": Row(
        "login 403 403 200 200 404 200 404 200",
        "login 403 403 422 422 404 422 404 422",
        lambda house: (house.left.jobseeker_id,),
    ),
    "portfolios": Row(
        "login 403 403 403 403 403 200 200 200",
        "login 405 405 405 405 405 405 405 405",
    ),
    "teams": Row(
        "login 403 403 403 403 403 200 200 200",
        "login 405 405 405 405 405 405 405 405",
    ),
    "transfers": Row(
        "login 403 403 200 200 200 200 200 200",
        "login 405 405 405 405 405 405 405 405",
    ),
    "transfer_new": Row(
        "login 403 403 200 200 200 200 200 200",
        "login 403 403 422 422 422 422 422 422",
    ),
    "transfer": Row(
        "login 403 403 200 404 404 200 404 200",
        "login 405 405 405 405 405 405 405 405",
        lambda house: (house.batch_pk,),
    ),
    "cancel_transfer": Row(
        "login 405 405 405 405 405 405 405 405",
        "login 403 403 403 404 404 > 404 >",
        lambda house: (house.batch_pk,),
    ),
    "absences": Row(
        "login 403 403 200 200 200 200 200 200",
        "login 405 405 405 405 405 405 405 405",
    ),
    "declare_absence": Row(
        "login 403 403 200 200 200 > > >",
        "login 403 403 422 422 422 > > >",
    ),
    "absence": Row(
        "login 403 403 200 404 404 200 404 200",
        "login 405 405 405 405 405 405 405 405",
        lambda house: (house.absence_pk,),
    ),
    "end_absence": Row(
        "login 405 405 405 405 405 405 405 405",
        "login 403 403 > 404 404 > 404 >",
        lambda house: (house.absence_pk,),
    ),
    "extend_absence": Row(
        "login 403 403 200 404 404 200 404 200",
        "login 403 403 422 404 404 422 404 422",
        lambda house: (house.absence_pk,),
    ),
    "add_cover": Row(
        "login 405 405 405 405 405 405 405 405",
        "login 403 403 422 404 404 422 404 422",
        lambda house: (house.absence_pk,),
    ),
    "replace_cover": Row(
        "login 405 405 405 405 405 405 405 405",
        "login 403 403 422 404 404 422 404 422",
        lambda house: (house.absence_pk, house.cover_pk),
    ),
    "imports": Row(
        "login 403 403 403 403 403 200 200 200",
        "login 403 403 403 403 403 403 403 400",
    ),
    "import": Row(
        "login 403 403 403 403 403 200 404 200",
        "login 405 405 405 405 405 405 405 405",
        lambda house: (house.run.pk,),
    ),
    "confirm_import": Row(
        "login 405 405 405 405 405 405 405 405",
        "login 403 403 403 403 403 403 404 >",
        lambda house: (house.run.pk,),
    ),
    "import_rejected_rows": Row(
        "login 403 403 403 403 403 200 404 200",
        "login 405 405 405 405 405 405 405 405",
        lambda house: (house.run.pk,),
    ),
    "settings": Row(
        "login 403 403 403 403 403 200 200 200",
        "login 405 405 405 405 405 405 405 405",
    ),
    "capacities": Row(
        "login 403 403 403 403 403 200 200 200",
        "login 403 403 403 403 403 422 422 422",
    ),
    "cancel_capacity": Row(
        "login 405 405 405 405 405 405 405 405",
        "login 403 403 403 403 403 > 404 >",
        lambda house: (house.capacity_pk,),
    ),
    "consent_texts": Row(
        "login 403 403 403 403 403 200 200 200",
        "login 403 403 403 403 403 403 403 422",
    ),
    "invite": Row(
        "login 403 403 403 403 403 200 200 200",
        "login 403 403 403 403 403 422 422 422",
    ),
    "member": Row(
        "login 403 403 403 403 403 200 404 200",
        "login 403 403 403 403 403 422 404 422",
        lambda house: (user_pk(house, "follower"),),
    ),
    "member_account": Row(
        "login 405 405 405 405 405 405 405 405",
        "login 403 403 403 403 403 409 404 409",
        lambda house: (user_pk(house, "follower"), "fermer"),
    ),
    "member_address": Row(
        "login 405 405 405 405 405 405 405 405",
        "login 403 403 403 403 403 422 404 422",
        lambda house: (user_pk(house, "follower"),),
    ),
    "hand_over": Row(
        "login 405 405 405 405 405 405 405 405",
        "login 403 403 403 403 403 422 404 422",
        lambda house: (user_pk(house, "follower"), house.portfolio_pk),
    ),
    "lapse_delays": Row(
        "login 403 403 403 403 403 200 200 200",
        "login 403 403 403 403 403 403 403 422",
    ),
    "cancel_lapse_delay": Row(
        "login 405 405 405 405 405 405 405 405",
        "login 403 403 403 403 403 403 403 >",
        lambda house: (house.delay_pk,),
    ),
    "region_agencies": Row(
        "login 403 403 403 403 403 200 404 200",
        "login 405 405 405 405 405 405 405 405",
        lambda house: (house.region,),
    ),
    "agency_opening": Row(
        "login 403 403 403 403 403 200 404 200",
        "login 403 403 403 403 403 200 404 200",
        lambda house: (house.owner.agency.code,),
    ),
    "agency_phone": Row(
        "login 403 403 403 403 403 200 404 200",
        "login 403 403 403 403 403 > 404 >",
        lambda house: (house.owner.agency.code,),
    ),
    "region_opening": Row(
        "login 403 403 403 403 403 403 403 200",
        "login 403 403 403 403 403 403 403 200",
        lambda house: (house.region,),
    ),
    "gauges_panel": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 405 405 405 405 405 405 405 405",
    ),
}
