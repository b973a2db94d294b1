"""Turns a message into a step of the person's action plan. The step leads back to its message.

The plan is read by more people than the conversation. So nothing of the message goes into it but what the adviser
writes as the step's title.
"""

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import Role
from accompaniment.locks import lock_jobseeker
from accompaniment.models import Objective, Step, User
from accompaniment.rules.errors import DomainError
from accompaniment.services.action_plan import StepFacts, add_objective, add_step
from accompaniment.services.rights import check_acts
from messaging.models import Conversation, Message, MessageStep
from messaging.reads.changes import with_changes
from messaging.reads.participants import participants

IS_DELETED = "Ce message vient d'être supprimé\u00a0: il ne peut plus devenir une étape."
CHOOSE_OBJECTIVE = "Choisissez un objectif, ou écrivez-en un nouveau."


def add_step_of_message(
    *,
    actor: User,
    conversation: Conversation,
    number: int,
    objective: Objective | None,
    new_objective: str,
    facts: StepFacts,
) -> Step:
    """Add a step to an objective, or to a new one, and note the message from which it was written.

    Raises as `add_objective` and `add_step` do, DomainError if the message is deleted or no objective is named, and
    NoRightError or ConversationClosedError without the right to the file or to the conversation.
    """
    with transaction.atomic():
        person = lock_jobseeker(conversation.jobseeker_id)
        check_acts(actor, person, roles=(Role.ADVISER,))
        participants(conversation, now=timezone.now()).check_changes(actor)
        (message,) = with_changes([Message.objects.get(conversation=conversation, number=number)])
        if message.is_deleted:
            raise DomainError(IS_DELETED)
        if objective is None:
            if not new_objective.strip():
                raise DomainError(CHOOSE_OBJECTIVE, about="new_objective")
            objective = add_objective(actor=actor, jobseeker=person, title=new_objective)
        step = add_step(actor=actor, objective=objective, facts=facts)
        MessageStep.objects.create(step=step, message=message, added_at=timezone.now())
        return step
