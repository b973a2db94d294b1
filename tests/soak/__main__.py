"""`python -m tests.soak [--minutes N]`: 20 conversations write while everything under them is killed in turn.

It uses PostgreSQL, Valkey and web processes of its own, in a temporary folder. Without `--minutes` each fault happens
once. The exit code is 1 if a promise was broken.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path


def main() -> int:
    """Run, print the figures, and return the exit code."""
    parser = argparse.ArgumentParser(prog="make soak")
    parser.add_argument("--minutes", type=float, default=0, help="repeat the faults in turn for so long")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        os.environ["DATA_DIR"] = str(Path(folder).resolve())
        os.environ["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.settings"
        # The settings start the servers of the folder, so nothing that reads them is imported before.
        import django  # noqa: PLC0415

        django.setup()
        from tests.soak.run import soak  # noqa: PLC0415

        return soak(seconds=asked.minutes * 60)


if __name__ == "__main__":
    sys.exit(main())
