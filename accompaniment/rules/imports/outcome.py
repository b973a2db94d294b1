"""What came of loading a file: counts, remarks on rows, and the rejected rows as a file to correct."""

import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from accompaniment.rules.imports.reader import REJECTION_COLUMNS, LostRowsError, SourceRow
from accompaniment.rules.spreadsheets import SEPARATOR, SheetWriter

REMARKS_KEPT = 1000
"""How many remarks are kept word by word; all of them are counted, and every rejected row is in the file."""
REJECTED_CHARACTERS = 16 * 1024 * 1024
"""How long the file of rejected rows may become; what comes after is counted, and not kept."""
VALUE_SHOWN = 80
"""How many characters of a wrong value a remark shows."""
WHOLE_LINE = "ligne"
"""The column of a remark that is about the row as a whole."""


class Remark(NamedTuple):
    """One thing to say about a row: where it is, the value as it came, and why, in French."""

    line: int
    column: str
    value: str
    reason: str


@dataclass
class Remarks:
    """Remarks of one kind: all counted by column, the first ones kept."""

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
    """The rejected rows as they came, with line, column and reason: corrected, the file can be loaded as it is.

    The file is harmless in a spreadsheet. The reader takes off what makes it so, so what is loaded again is to the
    letter what was exported. Only a character that cannot be written again is a mark, which has to be corrected.
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
        # What stands beyond the last column must not be lost: it may be what was cut off.
        kept[-1] = SEPARATOR.join([kept[-1], *cells[self._width :]])
        self._sheet.write([*kept, rejection.line, rejection.column, rejection.reason])

    @property
    def text(self) -> str:
        """The file's text, empty when nothing was rejected. It is written in UTF-8 with a byte order mark."""
        return self._text.getvalue()


@dataclass
class Outcome:
    """What came of loading a file. `rows` = created + updated + unchanged + rejected."""

    rejected_rows: RejectedRows
    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejections: Remarks = field(default_factory=Remarks)
    warnings: Remarks = field(default_factory=Remarks)

    def reject(self, row: SourceRow, *, column: str, value: str, reason: str) -> None:
        """Count a row out, and keep it for the file of rejected rows."""
        remark = Remark(row.line, column, value, reason)
        self.rejections.add(remark)
        self.rejected_rows.add(row, remark)

    def reject_whole(self, row: SourceRow) -> None:
        """Count out a row whose cells could not be read as columns."""
        column, value = row.faulty or (WHOLE_LINE, SEPARATOR.join(row.cells))
        self.reject(row, column=column, value=value, reason=row.fault or "")

    @property
    def nothing_went_in(self) -> bool:
        """Tell whether each row was rejected."""
        return 0 < self.rejections.total == self.rows

    def account_for(self, rows: int, *, accepted: int) -> None:
        """Raise LostRowsError unless each of the rows that were read is written, left as it is, or rejected.

        `accepted` is counted where the rows arrive, and not where they are read.
        """
        written = (self.created, self.updated, self.unchanged)
        if min(written) < 0 or sum(written) != accepted or rows != accepted + self.rejections.total:
            raise LostRowsError(f"{rows} rows read, {accepted} accepted, {self.summary()}")

    def changes(self) -> dict[str, int]:
        """Return what became of people who were known, beside the counts of rows."""
        return {}

    def summary(self) -> dict[str, Any]:
        """Return the counts, as facts that JSON can hold."""
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
    """What came of loading registrations, with the volunteers and the tiers of the rows that went in."""

    enrolment_requests: int = 0
    not_eligible: Counter[str] = field(default_factory=Counter)
    tiers: Counter[str] = field(default_factory=Counter)
    new_tiers: dict[int, str] = field(default_factory=dict)
    """Of people who were known, by primary key."""
    closed: dict[int, str] = field(default_factory=dict)
    """Whose 100 % web ends with the tier, by primary key: the state in which it stood."""
    new_agencies: dict[int, bool] = field(default_factory=dict)
    """Of people who were known, by primary key: whether the new agency is in another region than the former."""
    followed: set[int] = field(default_factory=set)
    """Who of both leaves a portfolio or loses what was booked."""

    @property
    def new_regions(self) -> set[int]:
        """The people whose agency is in another region now."""
        return {pk for pk, other_region in self.new_agencies.items() if other_region}

    def summary(self) -> dict[str, Any]:
        return {
            **super().summary(),
            "enrolment_requests": self.enrolment_requests,
            "not_eligible": dict(self.not_eligible),
            "tiers": dict(self.tiers),
        }

    def changes(self) -> dict[str, int]:
        """Return what became of people who were known, beside the counts of rows."""
        return {
            "tier_changes": len(self.new_tiers),
            "web_ends": len(self.closed),
            "region_changes": len(self.new_regions),
        }
