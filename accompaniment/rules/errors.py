"""Refusals of a service. The sentence is for the person who acted: what is wrong and what to do."""


class DomainError(Exception):
    """A rule refuses the act; nothing was written. `sentence` is in French and can be shown as it is.

    `about` names the fact that is wrong, as the service calls it; empty where it is the whole act.
    """

    def __init__(self, sentence: str, *, about: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.about = about


class NotAllowedNowError(DomainError):
    """The thing has moved on: its state does not admit the act any more."""
