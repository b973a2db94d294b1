"""The result of loading a file: counts, remarks, and the rejected rows as a file to correct."""

import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from accompaniment.rules.imports.reader import REJECTION_COLUMNS, LostRowsError, SourceRow
from accompaniment.rules.spreadsheets import SEPARATOR, SheetWriter

REMARKS_KEPT = 1000
"""How many remarks are kept in full. All are counted, and every rejected row is in the file."""
REJECTED_CHARACTERS = 16 * 1024 * 1024
"""The largest size of the file of rejected rows. Later rows are counted, but not kept."""
VALUE_SHOWN = 80
"""How many characters of a wrong value a remark shows."""
WHOLE_LINE = "ligne"
"""The column of a remark about the whole row."""


class Remark(NamedTuple):
    """A remark about a row: its line, the value as it came, and the reason in French."""

    line: int
    column: str
    value: str
    reason: str


@dataclass
class Remarks:
    """Remarks of one kind. All are counted by column, and the first ones are kept."""

    by_column: Counter[str] = field(default_factory=Counter)
    first: list[Remark] = field(default_factory=list)

    def add(self, remark: Remark) -> None:
        self.by_column[remark.column] += 1
        if len(self.first) < REMARKS_KEPT:
            self.first.append(remark._replace(value=remark.value[:VALUE_SHOWN]))

    @property
    def total(self) -> int:
        return self.by_column.total()


class RejectedRows:
    """The rejected rows as they came, with line, column and reason. The corrected file can be loaded as it is.

    The file is safe in a spreadsheet: the reader removes the apostrophes that were added, so a row that is loaded again
    is exactly what was exported. Only a character that cannot be written is replaced by a mark, which must be
    corrected.
    """

    def __init__(self, columns: Sequence[str]) -> None:
        self._kept = [index for index, column in enumerate(columns) if column not in REJECTION_COLUMNS]
        self._width = len(columns)
        self._text = io.StringIO()
        self._sheet = SheetWriter(self._text)
        self._header = [*(columns[index] for index in self._kept), *REJECTION_COLUMNS]
        self._empty = True
        self.is_complete = True

    def add(self, row: SourceRow, rejection: Remark) -> None:
        if self._text.tell() > REJECTED_CHARACTERS:
            self.is_complete = False
            return
        if self._empty:
            self._sheet.write(self._header)
            self._empty = False
        cells = [*row.cells, *([""] * (self._width - len(row.cells)))]
        kept = [cells[index] for index in self._kept]
        # Cells beyond the last column must not be lost: they may belong to a cell that was split.
        kept[-1] = SEPARATOR.join([kept[-1], *cells[self._width :]])
        self._sheet.write([*kept, rejection.line, rejection.column, rejection.reason])

    @property
    def text(self) -> str:
        """The text of the file, or an empty string if no row was rejected. UTF-8 with a byte order mark."""
        return self._text.getvalue()


@dataclass
class Outcome:
    """The result of loading a file. `rows` = created + updated + unchanged + rejected."""

    rejected_rows: RejectedRows
    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejections: Remarks = field(default_factory=Remarks)
    warnings: Remarks = field(default_factory=Remarks)

    def reject(self, row: SourceRow, *, column: str, value: str, reason: str) -> None:
        """Count a rejected row, and keep it for the file of rejected rows."""
        remark = Remark(row.line, column, value, reason)
        self.rejections.add(remark)
        self.rejected_rows.add(row, remark)

    def reject_whole(self, row: SourceRow) -> None:
        """Count a rejected row whose cells could not be assigned to columns."""
        column, value = row.faulty or (WHOLE_LINE, SEPARATOR.join(row.cells))
        self.reject(row, column=column, value=value, reason=row.fault or "")

    @property
    def nothing_went_in(self) -> bool:
        """Return whether every row was rejected."""
        return 0 < self.rejections.total == self.rows

    def account_for(self, rows: int, *, accepted: int) -> None:
        """Raise LostRowsError unless each row is written, unchanged or rejected.

        `accepted` is counted where the rows arrive, not where they are read.
        """
        written = (self.created, self.updated, self.unchanged)
        if min(written) < 0 or sum(written) != accepted or rows != accepted + self.rejections.total:
            raise LostRowsError(f"{rows} rows read, {accepted} accepted, {self.summary()}")

    def changes(self) -> dict[str, int]:
        """Return what happened to known people, in addition to the counts of rows."""
        return {}

    def summary(self) -> dict[str, Any]:
        """Return the counts, as values that JSON can store."""
        return {
            "rows": self.rows,
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "rejected": self.rejections.total,
            "rejected_by_column": dict(self.rejections.by_column),
            "warnings": self.warnings.total,
        }


@dataclass
class JobseekerOutcome(Outcome):
    """The result of loading registrations, with the volunteers and tiers of the accepted rows."""

    enrolment_requests: int = 0
    not_eligible: Counter[str] = field(default_factory=Counter)
    tiers: Counter[str] = field(default_factory=Counter)
    new_tiers: dict[int, str] = field(default_factory=dict)
    """Known people with a new tier, by primary key."""
    closed: dict[int, str] = field(default_factory=dict)
    """People whose 100 % web track ends with the tier, by primary key, with its previous state."""
    new_agencies: dict[int, bool] = field(default_factory=dict)
    """Known people with a new agency, by primary key: whether it is in another region."""
    followed: set[int] = field(default_factory=set)
    """Those of the two groups who leave a portfolio or lose a booking."""

    @property
    def new_regions(self) -> set[int]:
        """The people whose agency is now in another region."""
        return {pk for pk, other_region in self.new_agencies.items() if other_region}

    def summary(self) -> dict[str, Any]:
        return {
            **super().summary(),
            "enrolment_requests": self.enrolment_requests,
            "not_eligible": dict(self.not_eligible),
            "tiers": dict(self.tiers),
        }

    def changes(self) -> dict[str, int]:
        """Return what happened to known people, in addition to the counts of rows."""
        return {
            "tier_changes": len(self.new_tiers),
            "web_ends": len(self.closed),
            "region_changes": len(self.new_regions),
        }
