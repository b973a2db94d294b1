"""Slots that a person is invited to choose from."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from accompaniment.enums import OWN_CHANNELS, Channel
from accompaniment.models import Jobseeker, Obligation
from accompaniment.models.guards import AppendOnly
from accompaniment.models.people import OfJobseekerQuerySet
from caseload.models import Adviser
from messaging.models import Message
from visio.models.interviews import Interview

SLOTS_OFFERED_AT_MOST = 5


class SlotOffer(AppendOnly):
    """Free slots that an adviser offers to a person in a message. The person may book one of them."""

    message = models.OneToOneField(Message, models.PROTECT, related_name="slot_offer")
    jobseeker = models.ForeignKey(Jobseeker, models.PROTECT, related_name="slot_offers")
    adviser = models.ForeignKey(Adviser, models.PROTECT, related_name="slot_offers")
    channel = models.CharField(max_length=8, choices=[c for c in OWN_CHANNELS if c[0] != Channel.CHAT])
    slots = ArrayField(models.DateTimeField(), help_text="when each slot begins, in order")
    offered_at = models.DateTimeField()

    objects = OfJobseekerQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(slots__len__gte=1, slots__len__lte=SLOTS_OFFERED_AT_MOST), name="slot_offer_size"
            ),
            models.CheckConstraint(
                condition=Q(channel__in=(Channel.VIDEO, Channel.PHONE, Channel.ON_SITE)), name="slot_offer_channel"
            ),
        ]

    def __str__(self) -> str:
        return f"{len(self.slots)} slots for {self.jobseeker_id}"


class SlotInvitation(AppendOnly):
    """The one invitation to choose a slot for an obligation, however often planning runs."""

    obligation = models.OneToOneField(Obligation, models.PROTECT, related_name="slot_invitation")
    jobseeker = models.ForeignKey(Jobseeker, models.PROTECT, related_name="slot_invitations")
    invited_at = models.DateTimeField()

    objects = OfJobseekerQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.jobseeker_id} invited for {self.obligation_id}"


class OfferBooking(AppendOnly):
    """The one interview that was booked from an offer."""

    offer = models.OneToOneField(SlotOffer, models.PROTECT, related_name="booking")
    interview = models.OneToOneField(Interview, models.PROTECT, related_name="offer_booking")

    def __str__(self) -> str:
        return f"{self.interview_id} from {self.offer_id}"
