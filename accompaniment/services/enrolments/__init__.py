"""Enrolment in the 100 % web track, from the wish to the end, and the periods of accompaniment.

Lock order of the house: the person first, then the portfolio, then everything else.
"""

from accompaniment.services.enrolments.acceptance import accept_terms
from accompaniment.services.enrolments.asking import ask_enrolment
from accompaniment.services.enrolments.deciding import (
    invite_volunteer,
    record_withdrawal,
    refuse_enrolment,
    validate_enrolment,
)
from accompaniment.services.enrolments.eligibility import why_not_eligible
from accompaniment.services.enrolments.interview import (
    InterviewFindings,
    conclude_registration_interview,
    open_registration_interview,
)
from accompaniment.services.enrolments.lapses import (
    DelayStandsError,
    TimeLeft,
    answer_delay,
    cancel_lapse_delay,
    due_to_lapse,
    lapse_if_due,
    set_lapse_delay,
    time_left,
)
from accompaniment.services.enrolments.leaving import leave_track
from accompaniment.services.enrolments.periods import carry_along, current_accompaniment
from accompaniment.services.enrolments.publishing import check_text_differs, foresee_publication, publish_consent_text
from accompaniment.services.enrolments.states import lock_jobseeker
from accompaniment.services.enrolments.tiers import (
    AccompanimentChangedMeanwhileError,
    change_tier,
    close_with_the_tier,
    follow_tier_change,
    foresee_tier_change,
    hold_for_tier_changes,
)

__all__ = [
    "AccompanimentChangedMeanwhileError",
    "DelayStandsError",
    "InterviewFindings",
    "TimeLeft",
    "accept_terms",
    "answer_delay",
    "ask_enrolment",
    "cancel_lapse_delay",
    "carry_along",
    "change_tier",
    "check_text_differs",
    "close_with_the_tier",
    "conclude_registration_interview",
    "current_accompaniment",
    "due_to_lapse",
    "follow_tier_change",
    "foresee_publication",
    "foresee_tier_change",
    "hold_for_tier_changes",
    "invite_volunteer",
    "lapse_if_due",
    "leave_track",
    "lock_jobseeker",
    "open_registration_interview",
    "publish_consent_text",
    "record_withdrawal",
    "refuse_enrolment",
    "set_lapse_delay",
    "time_left",
    "validate_enrolment",
    "why_not_eligible",
]
