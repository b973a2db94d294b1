"""Tables of the ground floor: people, territory, enrolment, accompaniment, journal, audit, outbox."""

from accompaniment.models.access import AccessRequest, Tally
from accompaniment.models.bounds import ActBound
from accompaniment.models.changes import AgencyPhoneChange, DelayChange, OpeningChange
from accompaniment.models.enrolment import (
    Accompaniment,
    Consent,
    ConsentText,
    Enrolment,
    EnrolmentEvent,
    LapseDelay,
    RegistrationInterview,
)
from accompaniment.models.journal import AuditEntry, Contact, JobRun, Notification, Setback
from accompaniment.models.notices import DeadAddress, Device, NoticeSettings
from accompaniment.models.people import (
    ActivationLink,
    AddressChange,
    DeviceCheck,
    Jobseeker,
    SentForm,
    SourceRecord,
    User,
)
from accompaniment.models.plan import ContactPlan, Obligation, OnSiteRequest, PlanDefault, PlanRequest, PlanReview
from accompaniment.models.territory import Agency, Departement, OpeningHours, Region
from accompaniment.models.workbook import Document, Note, Objective, Step

__all__ = [
    "AccessRequest",
    "Accompaniment",
    "ActBound",
    "ActivationLink",
    "AddressChange",
    "Agency",
    "AgencyPhoneChange",
    "AuditEntry",
    "Consent",
    "ConsentText",
    "Contact",
    "ContactPlan",
    "DeadAddress",
    "DelayChange",
    "Departement",
    "Device",
    "DeviceCheck",
    "Document",
    "Enrolment",
    "EnrolmentEvent",
    "JobRun",
    "Jobseeker",
    "LapseDelay",
    "Note",
    "NoticeSettings",
    "Notification",
    "Objective",
    "Obligation",
    "OnSiteRequest",
    "OpeningChange",
    "OpeningHours",
    "PlanDefault",
    "PlanRequest",
    "PlanReview",
    "Region",
    "RegistrationInterview",
    "SentForm",
    "Setback",
    "SourceRecord",
    "Step",
    "Tally",
    "User",
]
