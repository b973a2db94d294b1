"""The order of the tests, and their distribution over the workers of a parallel run."""

from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

BROWSER = "tests/e2e/"

LONGEST = (
    # These four look at the demonstration, and in this order the last begins while the copy of the first is still good.
    "tests/e2e/test_space.py",
    "tests/e2e/test_walks.py",
    "tests/e2e/test_long_names.py",
    "tests/e2e/test_pages.py",
    "tests/test_access.py",
    "tests/test_hostile_requests.py",
    "tests/rights/test_rights.py",
    "tests/config/test_demonstration_twins.py",
    "tests/test_form_errors.py",
    "tests/test_state_machine.py",
    "tests/test_hours.py",
    "tests/test_missing_rights.py",
    "tests/test_directions.py",
    "tests/benchmarks/test_runner.py",
    "tests/config/test_database_away.py",
)
"""The slowest modules, in the order in which they begin. The short ones fill the time that is left at the end."""


def first_collected(config: pytest.Config) -> list[str]:
    """Return what a worker collects, in its order: of a whole run each worker begins at another place.

    pytest rewrites the assertions of each module when it is first imported, and keeps the result. In this way every
    worker rewrites a part and reads the others' results, when nothing is kept yet.
    """
    worker = getattr(config, "workerinput", None)
    if worker is None or config.args != config.getini("testpaths"):
        return config.args
    parts = [str(path) for path in sorted(Path(config.rootpath, *config.args).iterdir()) if _holds_tests(path)]
    begin = int(worker["workerid"].removeprefix("gw")) * len(parts) // worker["workercount"]
    return parts[begin:] + parts[:begin]


def _holds_tests(path: Path) -> bool:
    return path.name.startswith("test_") or (path / "__init__.py").exists()


def by_path(item: pytest.Item) -> tuple[str, ...]:
    return item.path.parts


def in_order(item: pytest.Item) -> int:
    """Return the rank of a test: the slowest modules come first, all others keep their order."""
    return next((rank for rank, name in enumerate(LONGEST) if item.nodeid.startswith(name)), len(LONGEST))


class BrowserApart(LoadScopeScheduling):
    """Give each worker one module at a time: one worker begins with the browser tests, the others with all other tests.

    A browser test waits as much as it works, and other tests work all the time, so the two share the processors well. A
    worker without modules of its own kind takes over modules of the other kind.
    """

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.partition("::")[0]

    def _assign_work_unit(self, node: WorkerController) -> None:
        begins_with_browser = node is self.nodes[0]
        for scope in self.workqueue:
            if scope.startswith(BROWSER) == begins_with_browser:
                self.workqueue.move_to_end(scope, last=False)
                break
        super()._assign_work_unit(node)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> BrowserApart:
    """Schedule the tests of a parallel run. This release of pytest-xdist does not read the group marks."""
    return BrowserApart(config, log)
