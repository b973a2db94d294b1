"""Template tags that know every address."""
