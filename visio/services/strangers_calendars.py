"""Reads the calendar at an address in a process of its own.

Whoever wrote the file, or runs its server, decides how long it takes and how much memory: a rule of one line can search
to the year 9999, and a server can send a byte a second. So the process is killed when its time is over. It has none of
our secrets in its environment.
"""

import json
import os
import resource
import subprocess
import sys
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.conf import settings

from visio.rules.calendars import NOT_A_CALENDAR, CalendarError, busy_times
from visio.services.fetching import MOST_SECONDS, TOO_SLOW, fetch

SECONDS_TO_READ = 5.0
"""Beyond those that fetching may take: to start, and to find the events."""
MOST_MEMORY = 1024**3
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR")

COMMAND = (sys.executable, "-m", "visio.services.strangers_calendars")


def read_calendar(
    address: str, *, first: date, last: date, zone: ZoneInfo, patience: float = MOST_SECONDS + SECONDS_TO_READ
) -> list[tuple[datetime, datetime]]:
    """Return when the calendar at an address is busy, as `busy_times` does. Raises CalendarError.

    `patience`: the seconds after which it is given up.
    """
    asked = {"address": address, "first": first.isoformat(), "last": last.isoformat(), "zone": zone.key}
    try:
        done = subprocess.run(
            COMMAND,
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            timeout=patience,
            check=True,
            cwd=settings.BASE_DIR,
            env={name: os.environ[name] for name in PASSED_ON if name in os.environ},
        )
    except subprocess.TimeoutExpired as error:
        raise CalendarError(TOO_SLOW) from error
    except subprocess.CalledProcessError as error:
        raise CalendarError(NOT_A_CALENDAR) from error
    found = json.loads(done.stdout)
    if "failure" in found:
        raise CalendarError(found["failure"])
    return [(datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in found["times"]]


def main() -> None:
    """Answer what `read_calendar` asks on the standard input."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    asked = json.load(sys.stdin)
    first, last = date.fromisoformat(asked["first"]), date.fromisoformat(asked["last"])
    try:
        times = busy_times(fetch(asked["address"]), first=first, last=last, zone=ZoneInfo(asked["zone"]))
    except CalendarError as error:
        answer: dict[str, object] = {"failure": error.sentence}
    else:
        answer = {"times": [(start.isoformat(), end.isoformat()) for start, end in times]}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
