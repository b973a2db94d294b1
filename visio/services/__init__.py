"""Every write of the top floor."""
