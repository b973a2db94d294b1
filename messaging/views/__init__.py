"""The pages of the messaging floor."""
