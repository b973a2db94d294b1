"""Loads the files of the information system: each file in one transaction, with set-based SQL."""

from accompaniment.services.imports.agencies import load_agencies
from accompaniment.services.imports.jobseekers import load_jobseekers

__all__ = ["load_agencies", "load_jobseekers"]
