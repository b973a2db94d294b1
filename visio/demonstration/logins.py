"""Who can log in to the demonstration. The accounts open invented data only."""

from dataclasses import dataclass

PASSWORD = "demonstration-100-web"  # noqa: S105


@dataclass(frozen=True)
class DemonstrationLogin:
    """A person of the demonstration, as the log-in page offers them. `role` is what people read."""

    role: str
    first_name: str
    last_name: str
    email: str
    password: str = PASSWORD


ADVISER = DemonstrationLogin("Conseillère", "Hélène", "Marchetti", "conseillere@demo.example")
JOBSEEKER = DemonstrationLogin("Demandeur d'emploi", "Karim", "Vasseur", "demandeur@demo.example")
MANAGER = DemonstrationLogin("Responsable", "Solange", "Derrien", "responsable@demo.example")

LOGINS: tuple[DemonstrationLogin, ...] = (ADVISER, JOBSEEKER, MANAGER)
