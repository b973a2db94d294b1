"""What must hold after any fault: compares what clients were told with what is stored."""

from collections.abc import Sequence
from uuid import UUID

from messaging.models import Conversation, Message
from tests.soak.talker import Talker


def breaches(pairs: Sequence[tuple[Talker, Talker]]) -> list[str]:
    """Return one sentence for each broken promise; none if every word was kept."""
    found = []
    for two in pairs:
        pk = two[0].conversation
        stored = list(Message.objects.filter(conversation=pk).order_by("number").values_list("number", "client_id"))
        found += [f"conversation {pk}: {sentence}" for sentence in _of_one(two, stored)]
        last = Conversation.objects.get(pk=pk).last_number
        if last != len(stored):
            found.append(f"conversation {pk}: it counts {last} messages, and has {len(stored)}")
    return found


def _of_one(two: tuple[Talker, Talker], stored: list[tuple[int, UUID]]) -> list[str]:
    found = [sentence for talker in two for sentence in talker.contradictions]
    if [number for number, _ in stored] != list(range(1, len(stored) + 1)):
        found.append("the numbers have a gap")
    number_of = {client_id: number for number, client_id in stored}
    if len(number_of) != len(stored):
        found.append("a message is stored twice")
    for talker in two:
        for client_id, number in talker.acknowledged.items():
            if number_of.get(client_id) != number:
                found.append(f"{client_id} was acknowledged as {number}, and is stored as {number_of.get(client_id)}")
        if talker.shown != [(number, str(client_id)) for number, client_id in stored]:
            found.append(f"a screen shows {len(talker.shown)} of {len(stored)} messages, or in another order")
    return found
