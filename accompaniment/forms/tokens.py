"""The hidden token of a form. It identifies the sending and the person for whom the page was made."""

from hashlib import sha256
from uuid import UUID, uuid4, uuid5

from django.core.signing import BadSignature, Signer
from django.http import HttpRequest

from accompaniment.models import User

FIELD = "once"

SECRETS = frozenset({"password", "confirmation", "current", "proof"})
"""Names of the fields that may hold a password. What is typed there is kept nowhere, not even as a digest."""

_signer = Signer(salt="accompaniment.views.once", sep="~")


def new_token(user: User) -> str:
    """Return a token for one form on one page of this person."""
    return _signer.sign(f"{uuid4()}.{user.pk}")


def token_in(request: HttpRequest) -> tuple[UUID, int] | None:
    """Return the token and the key of the person for whom the page was made, if the token is ours."""
    try:
        token, _, owner = _signer.unsign(request.POST.get(FIELD, "")).partition(".")
        return UUID(token), int(owner)
    except (BadSignature, ValueError):
        return None


def typed_in(request: HttpRequest) -> dict[str, list[str]]:
    """Return what a person typed into a form, by field, without tokens and passwords."""
    left_out = {FIELD, "csrfmiddlewaretoken", *SECRETS}
    return {name: values for name, values in request.POST.lists() if name not in left_out}


def key_of_sending(request: HttpRequest, token: UUID) -> UUID:
    """Return a key that is equal for two sendings of the same form: from token, address and what was typed."""
    digest = sha256(repr((request.path, sorted(typed_in(request).items()))).encode())
    for name, files in sorted(request.FILES.lists()):
        for file in files:
            digest.update(repr((name, file.name, file.size)).encode())
            for chunk in file.chunks():
                digest.update(chunk)
            file.seek(0)
    return uuid5(token, digest.hexdigest())
