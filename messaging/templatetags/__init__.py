"""Template tags of the messaging floor."""
