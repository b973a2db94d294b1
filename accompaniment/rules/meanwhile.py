"""Detects that somebody has changed a row since the page was made. Then nothing is written, and the person is told.

A page carries what it shows of a row, signed (`Shown.token`), and sends it back. The service compares this under its
lock with the present state (`check_seen`). If they differ, the page shows both versions. Sent again from that page, the
form is written.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from django.core.signing import BadSignature, Signer

from accompaniment.rules.errors import NotAllowedNowError

State = Mapping[str, str]
"""The state of a row, as text by field."""

NOT_SEEN: State = {}
"""What a page without this field, or with a forged one, has shown."""

SHOWN_NOTHING = (
    "Cette page n'est plus à jour. Rien n'a été enregistré. Vous voyez maintenant ce qui est enregistré, et votre "
    "saisie est gardée\u00a0: vérifiez-la, puis envoyez-la de nouveau."
)
"""For somebody who sends such a page, for example one that was open while the key changed.

Perhaps nobody has changed anything.
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page shows of one row of a kind. A token for another row does not count."""

    kind: str
    row: object
    state: State

    @property
    def token(self) -> str:
        return self._signer.sign_object(dict(self.state), compress=True)

    def read(self, token: str) -> State:
        """Return what the page of this token has shown; NOT_SEEN if the token is missing or forged."""
        try:
            seen: State = self._signer.unsign_object(token)
        except BadSignature:
            return NOT_SEEN
        return seen

    @property
    def _signer(self) -> Signer:
        return Signer(salt=f"accompaniment.rules.meanwhile:{self.kind}:{self.row}", sep="~")


class ChangedMeanwhileError(NotAllowedNowError):
    """The row differs from what the actor has read. `now` is its state, `changed` names the fields.

    Nothing was written. `shown_nothing`: the page did not say what it showed, so nobody knows whether anything was
    changed.
    """

    def __init__(self, sentence: str, *, seen: State, now: Shown, changed: frozenset[str]) -> None:
        self.shown_nothing = not seen
        super().__init__(SHOWN_NOTHING if self.shown_nothing else sentence)
        self.now = now
        self.changed = changed


def check_seen(seen: State | None, now: Shown, sentence: str) -> None:
    """Raise ChangedMeanwhileError unless `seen` is the present state. None: nobody has read a page, as in a job."""
    if seen is None:
        return
    changed = frozenset(name for name, value in now.state.items() if seen.get(name) != value)
    if changed:
        raise ChangedMeanwhileError(sentence, seen=seen, now=now, changed=changed)
