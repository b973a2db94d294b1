"""Tables of the ground floor: people, territory, enrolment, accompaniment, journal, audit, outbox."""

from accompaniment.models.enrolment import (
    Accompaniment,
    Consent,
    ConsentText,
    Enrolment,
    EnrolmentEvent,
    RegistrationInterview,
)
from accompaniment.models.journal import AuditEntry, Contact, Notification
from accompaniment.models.people import ActivationLink, Jobseeker, SourceRecord, User
from accompaniment.models.plan import ContactPlan, Obligation, OnSiteRequest, PlanDefault
from accompaniment.models.territory import Agency, Departement, OpeningHours, Region

__all__ = [
    "Accompaniment",
    "ActivationLink",
    "Agency",
    "AuditEntry",
    "Consent",
    "ConsentText",
    "Contact",
    "ContactPlan",
    "Departement",
    "Enrolment",
    "EnrolmentEvent",
    "Jobseeker",
    "Notification",
    "Obligation",
    "OnSiteRequest",
    "OpeningHours",
    "PlanDefault",
    "Region",
    "RegistrationInterview",
    "SourceRecord",
    "User",
]
