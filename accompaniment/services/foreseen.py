"""An act that concerns many people first shows how many, who, and what follows. It is done only after that.

Such a service takes `shown`, the mark of what the actor has read (None: nobody is asked, as in a job). It looks in its
own transaction at what it is about to do. If this differs from what was shown, it raises NotForeseenError, and nothing
is written or sent. The view then shows it (`views.foreseen.ask_first`), and the next form carries the new mark. So the
act always does exactly what was shown.
"""

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from accompaniment.models import Jobseeker, User
from accompaniment.models.expressions import alphabetical
from accompaniment.rules.errors import DomainError
from accompaniment.rules.french import NEXT_ONE

FIELD = "foreseen"
NAMES_SHOWN = 50


@dataclass(frozen=True, kw_only=True)
class Concerned:
    """People who are listed separately, because the act has more consequences for them."""

    title: str
    people: list[int]
    names: list[str] = field(default_factory=list)
    """The names of the first ones, as far as the reader may see them."""


@dataclass(frozen=True, kw_only=True)
class Foreseen:
    """What an act would do, for its actor to read beforehand."""

    title: str
    sentences: list[str]
    confirm: str
    """The words on the button that does it."""
    people: Collection[int]
    """Primary keys of the people concerned."""
    names: list[str] = field(default_factory=list)
    """The names of the first ones, as far as the actor may see them."""
    parts: list[Concerned] = field(default_factory=list)
    """People listed separately, the worst consequences first; `names` is then empty."""
    keys: Collection[Hashable] = ()
    """Other things that the act touches. They are part of the mark."""

    @property
    def count(self) -> int:
        return len(set(self.people))

    @property
    def mark(self) -> str:
        """A digest of everything. If it differs, the actor must read again."""
        touched = sorted(repr(key) for key in {*self.people, *self.keys})
        return sha256(repr((self.title, touched)).encode()).hexdigest()

    def check(self, shown: str | None) -> None:
        """Raise NotForeseenError unless this was shown, or it concerns nobody, or nobody is asked."""
        if shown is not None and self.people and shown != self.mark:
            raise NotForeseenError(self, changed=bool(shown))


class NotForeseenError(DomainError):
    """The actor has not read what the act does, or has read something else. Nothing was written.

    This differs from ChangedMeanwhileError, which says that somebody has changed the one row that the page showed. A
    person who works alone never meets that error, because the page shows the row before anything is typed. This error
    asks for a confirmation. Everybody meets it, the first time always, because only the typed values decide whom the
    act concerns. It is about the consequences for many people, not about the state of one row.
    """

    def __init__(self, foreseen: Foreseen, *, changed: bool) -> None:
        self.foreseen = foreseen
        self.changed = changed
        super().__init__(
            "Ce qui est concerné a changé depuis que vous avez ouvert la page. Rien n'a été fait\u00a0: relisez."
            if changed
            else "Rien n'est encore fait\u00a0: lisez d'abord qui est concerné."
        )


def names_of(people: Collection[int], *, reader: User, ending: Sequence[Mapping[int, list[str]]] = ()) -> list[str]:
    """Return the names of the first of these people whom the reader may see. Names alone are no reading of a file.

    `ending`: what the act ends, by the person's primary key; it stands after the name.
    """
    found = Jobseeker.objects.visible_to(reader).filter(pk__in=list(people))
    shown = found.order_by(alphabetical("last_name"), alphabetical("first_name"), "pk")[:NAMES_SHOWN]
    return [_with_what_ends(person, [said for part in ending for said in part.get(person.pk, ())]) for person in shown]


def _with_what_ends(person: Jobseeker, ends: list[str]) -> str:
    name = f"{person.last_name} {person.first_name} ({person.identifier})"
    return f"{name}\u00a0: {NEXT_ONE.join(ends)}" if ends else name
