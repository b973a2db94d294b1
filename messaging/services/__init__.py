"""Every write of the messaging floor."""
