"""The version that the footer shows: the one of `pyproject.toml`, read once."""

import tomllib
from pathlib import Path
from typing import Any

_project: dict[str, Any] = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text("utf-8"))
VERSION = str(_project["project"]["version"])
