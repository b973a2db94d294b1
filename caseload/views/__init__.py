"""Pages of the caseload floor."""
