"""The log-ins of the demonstration. They open invented data only, and the log-in page shows them nowhere else."""

from visio.demonstration.logins import LOGINS, DemonstrationLogin

__all__ = ["LOGINS", "DemonstrationLogin"]
