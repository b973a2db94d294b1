"""Steps of an action plan that were written from a message."""

from django.db import models

from accompaniment.models import Step
from messaging.models.conversations import Message


class MessageStep(models.Model):
    """The message from which a step was written. The step's own text is what the adviser wrote into the plan.

    It leads back to the message, which only those who may read the conversation open.
    """

    step = models.OneToOneField(Step, models.CASCADE, related_name="message_step")
    message = models.ForeignKey(Message, models.PROTECT, related_name="steps")
    added_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.step_id} from {self.message_id}"
