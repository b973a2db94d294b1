"""Tables of the caseload floor: staff, portfolios, placements, absences and covers, transfers, imports."""

from caseload.models.absences import Absence
from caseload.models.imports import ImportRun
from caseload.models.portfolios import Capacity, CapacityChange, CaseSummary, Cover, Placement, Portfolio
from caseload.models.staff import Adviser, Manager, SavedView
from caseload.models.transfers import ReadingRight, Transfer, TransferBatch

__all__ = [
    "Absence",
    "Adviser",
    "Capacity",
    "CapacityChange",
    "CaseSummary",
    "Cover",
    "ImportRun",
    "Manager",
    "Placement",
    "Portfolio",
    "ReadingRight",
    "SavedView",
    "Transfer",
    "TransferBatch",
]
