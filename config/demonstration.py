"""The log-ins of the demonstration. They open invented data only, and the log-in page shows them nowhere else."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DemonstrationLogin:
    """A person of the demonstration, as the log-in page offers them."""

    role: str
    email: str
    password: str


LOGINS: tuple[DemonstrationLogin, ...] = ()
