"""Loading `agences.csv`."""

from collections.abc import Mapping
from typing import BinaryIO

from django.db.models import Exists, OuterRef

from accompaniment.hooks.region_changes import held_in_region
from accompaniment.locks import lock_agencies
from accompaniment.models import Agency, Departement, Jobseeker, User
from accompaniment.rules.imports.outcome import Outcome, RejectedRows
from accompaniment.rules.imports.reader import Progress, reading
from accompaniment.rules.imports.rows import AGENCIES, AgencyParser, AgencyRow, RowRejectedError
from accompaniment.services.imports.transactions import import_transaction
from accompaniment.services.reference import give_default_hours, load_reference


def load_agencies(
    *, actor: User | None, source: BinaryIO, dry_run: bool = False, progress: Progress | None = None
) -> Outcome:
    """Create the file's agencies, with default opening hours, and update those with a known code.

    In a database without territory the reference is loaded first. Agencies leave no audit rows, because they are not
    files of people. An agency with people, of its own or in its portfolios, cannot change its region, because other
    managers would see these people. Raises UnreadableFileError, with nothing written.
    """
    del actor
    with reading(source, AGENCIES, progress) as reader, import_transaction(dry_run=dry_run):
        outcome = Outcome(RejectedRows(reader.columns))
        if not Departement.objects.exists():
            load_reference()
        held = set[str]().union(*(ask() for ask in held_in_region))
        known = {agency.code: agency for agency in lock_agencies()}
        regions = dict(Departement.objects.values_list("code", "region"))
        of_the_agency = Jobseeker.objects.filter(agency=OuterRef("pk"))
        peopled = held | set(Agency.objects.filter(Exists(of_the_agency)).values_list("code", flat=True))
        parser = AgencyParser(
            departements=frozenset(regions),
            known=frozenset(known),
            warn=outcome.warnings.add,
        )
        new: list[Agency] = []
        changed: list[Agency] = []
        for row in reader:
            outcome.rows += 1
            if row.fault:
                outcome.reject_whole(row)
                continue
            try:
                parsed = parser.parse(row)
                if parsed.code in peopled:
                    _check_region(parsed, stays_in=regions[known[parsed.code].departement_id], regions=regions)
            except RowRejectedError as rejection:
                outcome.reject(row, column=rejection.column, value=rejection.value, reason=rejection.reason)
                continue
            agency = known.get(parsed.code)
            if agency is None:
                new.append(_fill(Agency(code=parsed.code), parsed))
            elif _differs(agency, parsed):
                changed.append(_fill(agency, parsed))
            else:
                outcome.unchanged += 1
        give_default_hours(Agency.objects.bulk_create(new))
        Agency.objects.bulk_update(changed, ["name", "departement", "address", "postal_code", "commune"])
        outcome.created = len(new)
        outcome.updated = len(changed)
        outcome.account_for(reader.rows, accepted=len(new) + len(changed) + outcome.unchanged)
    return outcome


def _check_region(row: AgencyRow, *, stays_in: str, regions: Mapping[str, str]) -> None:
    if regions[row.departement] != stays_in:
        raise RowRejectedError(
            "departement",
            row.departement,
            "Des personnes sont inscrites ou suivies dans cette agence\u00a0: elle ne passe pas dans une autre région. "
            "Corrigez le département.",
        )


def _differs(agency: Agency, row: AgencyRow) -> bool:
    return (agency.name, agency.departement_id, agency.address, agency.postal_code, agency.commune) != row[1:]


def _fill(agency: Agency, row: AgencyRow) -> Agency:
    agency.name = row.name
    agency.departement_id = row.departement
    agency.address = row.address
    agency.postal_code = row.postal_code
    agency.commune = row.commune
    return agency
