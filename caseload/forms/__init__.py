"""Parsing and field errors of the caseload floor."""
