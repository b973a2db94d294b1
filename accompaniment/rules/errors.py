"""Refusals of a service. The sentence is for the person who acted: what is wrong and what to do."""


class DomainError(Exception):
    """A rule refuses the act, and nothing was written. `sentence` is in French and can be shown as it is.

    `about` is the service's name of the fact that is wrong; empty if the whole act is refused.
    """

    def __init__(self, sentence: str, *, about: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.about = about


class NotAllowedNowError(DomainError):
    """The state has changed, and no longer allows the act."""


class NoRightError(NotAllowedNowError):
    """The actor has no right to the act: no right to the row, a right that has ended, or another role."""
