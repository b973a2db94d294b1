"""Every write of the caseload floor."""
