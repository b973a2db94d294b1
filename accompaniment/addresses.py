"""How an e-mail address is written down, so that one address is one text."""

import unicodedata

NOWHERE = "sans-adresse-{pk}@compte.invalid"
"""What an account without a password is called while its file has no address: no mail ever goes there (RFC 2606)."""


def written(address: str) -> str:
    """Return the address as it is stored and compared: trimmed, in small letters, in one Unicode spelling."""
    return unicodedata.normalize("NFC", address.strip()).lower()
