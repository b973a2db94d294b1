"""What the end of a 100 % web track must carry along on upper floors.

`services.enrolments` calls each function, in its own transaction, after the accompaniment has changed.
Upper apps add theirs in `AppConfig.ready`.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accompaniment.models import Jobseeker, User

TrackEnd = Callable[["Jobseeker", "User | None", datetime], None]

on_track_end: list[TrackEnd] = []
"""Called with the jobseeker, who acted (None: the system) and the instant of the end."""
