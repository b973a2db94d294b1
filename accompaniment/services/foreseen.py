"""What ends, moves or writes to many is shown first: how many, who, and what follows; it is done only then.

A service that does so takes `shown`, the mark of what the actor has read (None: nobody is asked, as for a job). In its
own transaction it looks at what it is about to touch, and where that is not what was shown it raises NotForeseenError:
nothing is written then and no letter leaves. The view shows it (`views.foreseen.ask_first`); the form that comes back
carries the mark. So what is confirmed is what was shown, whatever came or went meanwhile.
"""

from collections.abc import Collection, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256

from django.db import transaction

from accompaniment.models import Jobseeker, User
from accompaniment.models.expressions import alphabetical
from accompaniment.rules.errors import DomainError

FIELD = "foreseen"
NAMES_SHOWN = 50


@dataclass(frozen=True, kw_only=True)
class Concerned:
    """Some of the people whom an act concerns, apart from the others because more becomes of them."""

    title: str
    people: list[int]
    names: list[str] = field(default_factory=list)
    """The first of them, as far as the reader may see them."""


@dataclass(frozen=True, kw_only=True)
class Foreseen:
    """What an act would do, as its actor reads it beforehand."""

    title: str
    sentences: list[str]
    confirm: str
    """The words on the button that does it."""
    people: Collection[int]
    """Primary keys of the people whom it concerns."""
    names: list[str] = field(default_factory=list)
    """The first of them, as far as the actor may see them."""
    parts: list[Concerned] = field(default_factory=list)
    """Who of them is named apart, the worst first; then nobody is named in `names`."""
    keys: Collection[Hashable] = ()
    """What else it touches; with the people it makes the mark."""

    @property
    def count(self) -> int:
        return len(set(self.people))

    @property
    def mark(self) -> str:
        """What stands for all of it; another one means that it has to be read again."""
        touched = sorted(repr(key) for key in {*self.people, *self.keys})
        return sha256(repr((self.title, touched)).encode()).hexdigest()

    def check(self, shown: str | None) -> None:
        """Raise NotForeseenError unless this was shown, or it concerns nobody, or nobody is asked."""
        if shown is not None and self.people and shown != self.mark:
            raise NotForeseenError(self, changed=bool(shown))


class NotForeseenError(DomainError):
    """The actor has not read what this does, or has read something else. Nothing was written."""

    def __init__(self, foreseen: Foreseen, *, changed: bool) -> None:
        self.foreseen = foreseen
        self.changed = changed
        super().__init__(
            "Ce qui est concerné a changé depuis que vous avez ouvert la page. Rien n'a été fait\u00a0: relisez."
            if changed
            else "Rien n'est encore fait\u00a0: lisez d'abord qui est concerné."
        )


def names_of(people: Collection[int], *, reader: User) -> list[str]:
    """Name the first of these people whom the reader may see; names, which are no reading of a file."""
    found = Jobseeker.objects.visible_to(reader).filter(pk__in=list(people))
    shown = found.order_by(alphabetical("last_name"), alphabetical("first_name"), "pk")[:NAMES_SHOWN]
    return [f"{person.last_name} {person.first_name} ({person.identifier})" for person in shown]


@contextmanager
def rehearsal() -> Iterator[None]:
    """Do something and take it back: what was written, locked or put off to the commit is as if it never was."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
