"""Steps of an action plan that were written from a message."""

from collections.abc import Collection

from messaging.models import Message, MessageStep


def written_from_messages(pks: Collection[int]) -> set[int]:
    """Return which of these steps were written from a message."""
    return set(MessageStep.objects.filter(step__in=pks).values_list("step", flat=True))


def step_titles(message: Message) -> list[str]:
    """Return the steps that were already written from a message, the oldest first."""
    return list(MessageStep.objects.filter(message=message).order_by("pk").values_list("step__title", flat=True))
