"""`python -m tests.benchmarks [--small] [name …]`: run each module `bench_<name>.py` of this folder and print its rows.

A benchmark is a module with `run(size: Size) -> list[Row]`. It makes its own databases (`databases.fresh`). The exit
code reports errors only. Whether a target was reached is printed, for people to judge.
"""

import argparse
import importlib
import os
import sys
from pathlib import Path

import django
from django.test.utils import setup_test_environment, teardown_test_environment

from config.memory import look_rarely
from tests.benchmarks.rows import Size

FOLDER = Path(__file__).parent


def main() -> None:
    found = sorted(path.stem.removeprefix("bench_") for path in FOLDER.glob("bench_*.py"))
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--small", action="store_true", help="see in seconds that the benchmarks work")
    parser.add_argument("names", nargs="*", metavar="name", help=f"only these of: {', '.join(found)}")
    asked = parser.parse_args()
    unknown = sorted(set(asked.names) - set(found))
    if unknown:
        parser.error(f"no such benchmark: {', '.join(unknown)}")
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.settings"
    django.setup()
    setup_test_environment()
    databases = importlib.import_module("tests.benchmarks.databases")
    size = Size.SMALL if asked.small else Size.FULL
    look_rarely()  # the client shares the processors with what is measured
    try:
        with databases.migrated_template():
            for name in asked.names or found:
                _say(f"— {name} ({size}), load of the machine {os.getloadavg()[0]:.1f}")
                for row in importlib.import_module(f"tests.benchmarks.bench_{name}").run(size):
                    _say(str(row))
    finally:
        teardown_test_environment()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
