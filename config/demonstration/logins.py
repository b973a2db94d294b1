"""Who can log in to the demonstration. The accounts open invented data only."""

from dataclasses import dataclass

DOMAIN = "demo.example"
"""The domain of every address of the demonstration. No mailbox can exist there."""
PASSWORD = "demonstration-100-web"  # noqa: S105


@dataclass(frozen=True)
class DemonstrationLogin:
    """A person of the demonstration, as the log-in page offers them. `role` is what people read."""

    role: str
    first_name: str
    last_name: str
    email: str
    password: str = PASSWORD


ADVISER = DemonstrationLogin("Conseillère", "Hélène", "Marchetti", f"conseillere@{DOMAIN}")
JOBSEEKER = DemonstrationLogin("Demandeur d'emploi", "Karim", "Vasseur", f"demandeur@{DOMAIN}")
MANAGER = DemonstrationLogin("Responsable", "Solange", "Derrien", f"responsable@{DOMAIN}")

LOGINS: tuple[DemonstrationLogin, ...] = (ADVISER, JOBSEEKER, MANAGER)
