"""Acts on settings, staff and files; moves of people and of advisers; the desk."""

from datetime import timedelta
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accompaniment.enums import BoundedAct, Channel, ContactNature, Modality
from accompaniment.models import (
    LapseDelay,
    User,
)
from accompaniment.reads.contact_plans import plan_states
from accompaniment.services import (
    bounds,
    plan_reviews,
    territory,
)
from accompaniment.services.enrolments import lapses, publishing
from caseload.enums import ImportKind, ImportState
from caseload.models import ImportRun, Placement, SavedView
from caseload.services.desk import saved_views, selections
from caseload.services.moves import absences, transfers, waiting_list
from caseload.services.steering import agencies, capacities, imports, staff
from tests.accompaniment.factories import AgencyFactory, RegionFactory
from tests.accompaniment.files import pilot_file
from tests.caseload.factories import (
    AdviserFactory,
    CapacityFactory,
    PortfolioFactory,
    planned_absence,
    planned_transfer,
)
from tests.rights.cases import (
    ADVISERS,
    AGENCY,
    COUNTRY,
    EACH_ADVISER,
    FOLLOWER,
    REGION,
    A,
    C,
    Case,
    done_for_each,
    in_days,
)
from tests.rights.house import House


def run_that_asks(house: House) -> ImportRun:
    return ImportRun.objects.create(
        kind=ImportKind.AGENCIES,
        filename="agences.csv",
        uploaded_by=house.users["national"],
        started_at=timezone.now(),
        state=ImportState.ASKING,
        foreseen={"mark": "m"},
    )


def invited(house: House) -> User:
    """Return an adviser of the agency who has never opened the account."""
    return staff.invite_adviser(
        actor=house.users["national"],
        email="nouveau@agence.example",
        first_name="Noa",
        last_name="Petit",
        agency=house.portfolio.agency,
        working_share=100,
        modalities=[],
    ).user


def closed_colleague(house: House) -> User:
    user = AdviserFactory(agency=house.portfolio.agency).user
    staff.close_account(actor=house.users["national"], user=user)
    return user


def absence_to_come(house: House) -> Any:
    return planned_absence(house.portfolio, colleague=house.beside.adviser)


def moved_to(house: House) -> list[Placement]:
    return list(Placement.objects.open().filter(jobseeker=house.person))


def transferred(house: House, actor: User, it: Any) -> None:
    transfers.transfer_people(actor=actor, people=moved_to(house), targets=[house.beside], reason="Congé")


STEERING_CASES: dict[str, Case] = {
    # Settings of the country and of a region.
    f"{A}.enrolments.publishing.publish_consent_text": Case(
        COUNTRY,
        lambda h, actor, it: publishing.publish_consent_text(
            actor=actor, title="Titre", body="Nouveau texte", needs_acceptance=False, seen=None
        ),
    ),
    f"{A}.enrolments.lapses.set_lapse_delay": Case(
        COUNTRY,
        lambda h, actor, it: lapses.set_lapse_delay(
            actor=actor, state="asked", days=90, starts_on=in_days(1), reason="Été"
        ),
    ),
    f"{A}.enrolments.lapses.cancel_lapse_delay": Case(
        COUNTRY,
        lambda h, actor, it: lapses.cancel_lapse_delay(actor=actor, delay=it),
        lambda h: LapseDelay.objects.create(state="asked", days=5, starts_on=in_days(40), reason="Été"),
    ),
    f"{A}.bounds.set_bound": Case(
        COUNTRY,
        lambda h, actor, it: bounds.set_bound(
            actor=actor, act=BoundedAct.MESSAGES, most=5, starts_on=in_days(1), within_minutes=10
        ),
    ),
    f"{A}.territory.set_region_opening": Case(
        COUNTRY,
        lambda h, actor, it: territory.set_region_opening(actor=actor, region=it, opens_on=in_days(5)),
        lambda h: RegionFactory(closed=True),
    ),
    f"{A}.territory.set_agency_opening": Case(
        REGION,
        lambda h, actor, it: territory.set_agency_opening(actor=actor, agency=it, opens_on=in_days(5)),
        lambda h: AgencyFactory(region=h.portfolio.agency.region),
    ),
    f"{C}.steering.agencies.set_agency_phone": Case(
        REGION,
        lambda h, actor, it: agencies.set_agency_phone(actor=actor, agency=h.portfolio.agency, phone="03 88 11 22 33"),
    ),
    f"{C}.steering.capacities.set_capacity": Case(
        REGION,
        lambda h, actor, it: capacities.set_capacity(
            actor=actor,
            modality=Modality.GUIDE_WEB,
            agency=h.portfolio.agency,
            value=200,
            starts_on=in_days(3),
            reason="Effectif",
        ),
    ),
    f"{C}.steering.capacities.cancel_capacity": Case(
        REGION,
        lambda h, actor, it: capacities.cancel_capacity(actor=actor, capacity=it),
        lambda h: CapacityFactory(
            agency=h.portfolio.agency,
            value=200,
            starts_on=in_days(40),
            reason="Effectif",
            set_by=h.users["national"],
        ),
    ),
    f"{C}.steering.imports.receive_file": Case(
        COUNTRY,
        lambda h, actor, it: imports.receive_file(
            actor=actor,
            kind=ImportKind.AGENCIES,
            filename="agences.csv",
            source=SimpleUploadedFile("agences.csv", pilot_file("agences")),
        ),
    ),
    f"{C}.steering.imports.confirm_file": Case(
        COUNTRY, lambda h, actor, it: imports.confirm_file(actor=actor, run=it, shown="m"), run_that_asks
    ),
    f"{C}.steering.imports.give_up_file": Case(
        COUNTRY, lambda h, actor, it: imports.give_up_file(actor=actor, run=it), run_that_asks
    ),
    f"{C}.steering.staff.invite_adviser": Case(
        REGION,
        lambda h, actor, it: staff.invite_adviser(
            actor=actor,
            email="noa@agence.example",
            first_name="Noa",
            last_name="Petit",
            agency=h.portfolio.agency,
            working_share=100,
            modalities=[],
        ),
    ),
    f"{C}.steering.staff.invite_manager": Case(
        REGION,
        lambda h, actor, it: staff.invite_manager(
            actor=actor,
            email="noa@region.example",
            first_name="Noa",
            last_name="Petit",
            whole_country=False,
            regions=[h.portfolio.agency.region],
        ),
    ),
    f"{C}.steering.staff.invite_again": Case(
        REGION, lambda h, actor, it: staff.invite_again(actor=actor, user=it), invited
    ),
    f"{C}.steering.staff.change_adviser": Case(
        REGION,
        lambda h, actor, it: staff.change_adviser(
            actor=actor, adviser=h.beside.adviser, agency=h.beside.agency, working_share=80
        ),
    ),
    f"{C}.steering.staff.change_address": Case(
        REGION,
        lambda h, actor, it: staff.change_address(
            actor=actor, user=it.user, email="autre@agence.example", forget_password=False
        ),
        lambda h: AdviserFactory(agency=h.portfolio.agency),
    ),
    f"{C}.steering.staff.close_account": Case(
        REGION,
        lambda h, actor, it: staff.close_account(actor=actor, user=it.user),
        lambda h: AdviserFactory(agency=h.portfolio.agency),
    ),
    f"{C}.steering.staff.reopen_account": Case(
        REGION, lambda h, actor, it: staff.reopen_account(actor=actor, user=it), closed_colleague
    ),
    # Moves of people and of advisers.
    f"{C}.moves.transfers.transfer_people": Case(FOLLOWER | REGION, transferred, named={"cover"}),
    f"{C}.moves.transfers.move_everybody": Case(
        FOLLOWER | REGION,
        lambda h, actor, it: transfers.move_everybody(
            actor=actor, portfolio=h.portfolio, targets=[h.beside], reason="Congé"
        ),
        named={"cover"},
    ),
    f"{C}.moves.transfers.cancel_transfers": Case(
        FOLLOWER | REGION,
        lambda h, actor, it: transfers.cancel_transfers(actor=actor, batch=it),
        lambda h: planned_transfer(h.person, to=h.beside, decided_by=h.portfolio.adviser.user),
    ),
    f"{C}.moves.waiting_list.place_waiting": Case(
        AGENCY | REGION,
        lambda h, actor, it: waiting_list.place_waiting(actor=actor, jobseeker=h.left, portfolio=it),
        lambda h: PortfolioFactory(agency=h.portfolio.agency, modality=Modality.GUIDE),
    ),
    f"{C}.moves.absences.declare_absence": Case(
        FOLLOWER | REGION,
        lambda h, actor, it: absences.declare_absence(
            actor=actor,
            adviser=h.portfolio.adviser,
            starts_on=in_days(40),
            ends_on=in_days(42),
            colleagues={h.portfolio.pk: [h.beside.adviser.pk]},
            decisions={},
        ),
    ),
    f"{C}.moves.absences.extend_absence": Case(
        FOLLOWER | REGION,
        lambda h, actor, it: absences.extend_absence(
            actor=actor,
            absence=it,
            last_day=it.ends_on + timedelta(days=2),
            colleagues={h.portfolio.pk: [h.beside.adviser.pk]},
            decisions={},
        ),
        absence_to_come,
    ),
    f"{C}.moves.absences.end_absence": Case(
        FOLLOWER | REGION, lambda h, actor, it: absences.end_absence(actor=actor, absence=it), absence_to_come
    ),
    f"{C}.moves.absences.replace_colleague": Case(
        FOLLOWER | REGION,
        lambda h, actor, it: absences.replace_colleague(
            actor=actor, cover=it.covers.get(), colleague=h.users["cover"].adviser
        ),
        absence_to_come,
    ),
    f"{C}.moves.absences.add_cover": Case(
        FOLLOWER | REGION,
        lambda h, actor, it: absences.add_cover(
            actor=actor, absence=it, portfolio=h.portfolio, colleague=h.users["cover"].adviser
        ),
        absence_to_come,
    ),
    # The desk.
    f"{C}.desk.saved_views.save_view": Case(
        EACH_ADVISER, lambda h, actor, it: saved_views.save_view(actor=actor, name="Mes urgences", query="besoin=x")
    ),
    f"{C}.desk.saved_views.rename_view": Case(
        FOLLOWER, lambda h, actor, it: saved_views.rename_view(actor=actor, view=SavedView.objects.get(), name="Autre")
    ),
    f"{C}.desk.saved_views.delete_view": Case(
        FOLLOWER, lambda h, actor, it: saved_views.delete_view(actor=actor, view=SavedView.objects.get())
    ),
    f"{C}.desk.selections.change_plans": Case(
        ADVISERS,
        lambda h, actor, it: done_for_each(
            selections.change_plans(
                actor=actor,
                jobseekers=[h.person],
                new_plan=plan_reviews.NewPlan(nature=ContactNature.INTERVIEW, channel=Channel.PHONE, interval_days=60),
                reason="Convenu",
                review_on=in_days(60),
                seen={h.person.pk: plan_states([h.person.pk])[h.person.pk].state},
            )
        ),
    ),
}
