"""The agencies of the demonstration and their staff."""

from dataclasses import dataclass

from accompaniment.enums import Modality
from config.demonstration.logins import ADVISER

WEB, GUIDE, SUIVI, RENFORCE = Modality.GUIDE_WEB, Modality.GUIDE, Modality.SUIVI, Modality.RENFORCE


@dataclass(frozen=True)
class StaffPlan:
    """An adviser, with the number of people in each portfolio. Without a name one is invented."""

    portfolios: tuple[tuple[Modality, int], ...]
    login: str = ""
    working_share: int = 100


@dataclass(frozen=True)
class AgencyPlan:
    """An agency, its waiting volunteers, and its advisers."""

    code: str
    name: str
    departement: str
    address: str
    postal_code: str
    volunteers: int
    staff: tuple[StaffPlan, ...]

    @property
    def commune(self) -> str:
        return self.name.split(" ")[0]


AGENCIES: tuple[AgencyPlan, ...] = (
    AgencyPlan(
        "67451",
        "Strasbourg Esplanade",
        "67",
        "18, rue de Londres",
        "67000",
        12,
        (
            StaffPlan(((WEB, 112),), login=ADVISER.email),
            StaffPlan(((WEB, 249),)),
            StaffPlan(((GUIDE, 64),), working_share=80),
        ),
    ),
    AgencyPlan(
        "63101",
        "Clermont-Ferrand Jaude",
        "63",
        "7, rue Blatin",
        "63000",
        5,
        (StaffPlan(((WEB, 61), (GUIDE, 9))), StaffPlan(((WEB, 42),), working_share=60)),
    ),
    AgencyPlan(
        "76210", "Rouen Saint-Sever", "76", "31, rue Lafayette", "76100", 6, (StaffPlan(((WEB, 63), (GUIDE, 8))),)
    ),
    AgencyPlan(
        "75119",
        "Paris Flandre",
        "75",
        "105, avenue de Flandre",
        "75019",
        7,
        (StaffPlan(((WEB, 74), (GUIDE, 10))), StaffPlan(((WEB, 60),))),
    ),
    AgencyPlan(
        "93048",
        "Montreuil Croix-de-Chavaux",
        "93",
        "22, rue Kléber",
        "93100",
        6,
        (StaffPlan(((WEB, 66), (GUIDE, 7))), StaffPlan(((WEB, 40),), working_share=50)),
    ),
    AgencyPlan(
        "34172",
        "Montpellier Celleneuve",
        "34",
        "9, avenue de Lodève",
        "34080",
        5,
        (StaffPlan(((WEB, 60), (GUIDE, 9))),),
    ),
    AgencyPlan(
        "31205",
        "Toulouse Minimes",
        "31",
        "54, avenue des Minimes",
        "31200",
        6,
        (StaffPlan(((WEB, 71),)), StaffPlan(((GUIDE, 58),))),
    ),
    AgencyPlan(
        "13204",
        "Marseille Blancarde",
        "13",
        "140, boulevard de la Blancarde",
        "13004",
        6,
        (StaffPlan(((WEB, 64), (GUIDE, 11))), StaffPlan(((WEB, 43),), working_share=80)),
    ),
    AgencyPlan(
        "06188", "Nice Magnan", "06", "12, rue de la Californie", "06200", 5, (StaffPlan(((WEB, 45), (GUIDE, 6))),)
    ),
    AgencyPlan("35238", "Rennes Bréquigny", "35", "6, rue de l'Argonne", "35200", 0, (StaffPlan(((GUIDE, 71),)),)),
    AgencyPlan(
        "59350", "Lille Fives", "59", "83, rue Pierre-Legrand", "59800", 0, (StaffPlan(((GUIDE, 40), (SUIVI, 45))),)
    ),
    AgencyPlan(
        "97405", "Saint-Denis Providence", "974", "3, rue de la Source", "97400", 0, (StaffPlan(((RENFORCE, 31),)),)
    ),
)
