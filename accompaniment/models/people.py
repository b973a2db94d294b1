"""Accounts and jobseekers."""

from typing import Any, ClassVar, Self
from zoneinfo import ZoneInfo

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac

from accompaniment.enums import (
    OWN_CHANNELS,
    Bandwidth,
    PreferredHours,
    Role,
)
from accompaniment.hooks.perimeter import staff_perimeter, staff_reading_perimeter
from accompaniment.models.expressions import alphabetical
from accompaniment.models.guards import AppendOnly, Guarded, Guards
from accompaniment.models.search import NAME_READ, WALKED, NotIndexed, PlainName, named, ways_to_find, words_of
from accompaniment.models.territory import Agency
from accompaniment.rules.passwords import normalised
from accompaniment.rules.spelling import written


class UserManager(BaseUserManager["User"]):
    """Creates accounts. The e-mail address is the log-in, stored in lower case."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create an account. Without a password it can only be activated by a link."""
        user = self.model(email=written(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=written(username or ""))


class User(AbstractBaseUser, Guarded):
    """An account. One role per account; what a role may see is decided by the perimeter."""

    email = models.EmailField("adresse e-mail", max_length=254, unique=True)
    first_name = models.CharField("prénom", max_length=80)
    last_name = models.CharField("nom", max_length=80)
    role = models.CharField("rôle", max_length=12, choices=Role)
    is_active = models.BooleanField("actif", default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["first_name", "last_name", "role"]

    guards: ClassVar[Guards] = {
        "account_has_the_address_of_its_file": "UPDATE",
        "address_opens_no_other_account": "INSERT OR UPDATE",
    }

    objects = UserManager()

    class Meta:
        ordering = (alphabetical("last_name"), alphabetical("first_name"), "pk")
        constraints = [
            models.CheckConstraint(condition=Q(email=Lower("email")), name="user_email_lower_case"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="user_role_known"),
        ]

    def __str__(self) -> str:
        return self.full_name

    @property
    def never_opened(self) -> bool:
        """Whether the owner has not set a first password yet."""
        return not self.has_usable_password()

    def set_password(self, raw_password: str | None) -> None:
        """Store the hash of the normalised password."""
        password = None if raw_password is None else normalised(raw_password)
        if self._state.adding and password != raw_password:
            # For an unknown address Django hashes what was typed, to take as long as a comparison, which here compares
            # two spellings.
            make_password(raw_password)
        super().set_password(password)

    def check_password(self, raw_password: str | None) -> bool:
        """Compare the normalised password. A hash of an earlier release is compared as typed, and replaced."""
        if raw_password is None:
            return False
        password = normalised(raw_password)
        if super().check_password(password):
            return True
        if password == raw_password or not super().check_password(raw_password):
            return False
        self.set_password(raw_password)
        self.save(update_fields=["password"])
        return True

    def _get_session_auth_hash(self, secret: str | bytes | None = None) -> str:
        # The address is included, so that a changed log-in ends earlier sessions.
        key_salt = "accompaniment.User.get_session_auth_hash"
        signed = salted_hmac(key_salt, f"{self.email}\n{self.password}", secret=secret, algorithm="sha256")
        return str(signed.hexdigest())

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def is_jobseeker(self) -> bool:
        return self.role == Role.JOBSEEKER

    @property
    def is_adviser(self) -> bool:
        return self.role == Role.ADVISER

    @property
    def is_manager(self) -> bool:
        return self.role == Role.MANAGER


class ActivationLink(models.Model):
    """A link that gives an account its first password. It works once and expires; only its digest is stored."""

    user = models.ForeignKey(User, models.CASCADE, related_name="activation_links")
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the token, hexadecimal")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="activation_link_expires"),
        ]

    def __str__(self) -> str:
        return f"activation of {self.user_id} until {self.expires_at:%Y-%m-%d}"


class AddressChange(models.Model):
    """A new log-in address that waits for confirmation from the new mailbox; at most one per account.

    Only a digest of each link's secret is stored, from its delivery on.
    """

    user = models.OneToOneField(User, models.CASCADE, related_name="address_change")
    address = models.EmailField("nouvelle adresse e-mail", max_length=254)
    asked_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", help_text="null: an import")
    by_owner = models.BooleanField(help_text="asked for with the account's password")
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    digest = models.CharField(  # noqa: DJ001  (none before the delivery)
        max_length=64, unique=True, null=True, help_text="SHA-256 of the token, hexadecimal"
    )
    earlier = ArrayField(
        models.CharField(max_length=64),
        default=list,
        db_default=[],
        help_text="of links whose letters may have left, until the mail server takes a later one",
    )
    wrong_tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(address=Lower("address")), name="address_change_lower_case"),
            models.CheckConstraint(condition=Q(expires_at__gt=F("asked_at")), name="address_change_expires"),
        ]

    def __str__(self) -> str:
        return f"new address of {self.user_id} until {self.expires_at:%Y-%m-%d}"


class JobseekerQuerySet(QuerySet[Any]):
    def visible_to(self, user: User) -> Self:
        """Keep the user's own file, or for staff the files of their perimeter."""
        if user.role == Role.JOBSEEKER:
            return self.filter(user=user)
        return self.filter(staff_perimeter(user))

    def matching(self, words: str) -> Self:
        """Keep the people whom these words name: in any order, without accents, with a typing error or two."""
        return self.filter(named(words_of(words))) if words else self

    def found_by(self, typed: str, *, numbers_of: Q, most: int, few: bool = False) -> list["Jobseeker"]:
        """Return at most so many of the people whom `matching` finds, or whose telephone number this is.

        Who is named exactly comes first, then who has the words in the name, then who is named but for an error. The
        beginning of a number is enough for the people whose numbers the reader sees (`numbers_of`). Nothing typed finds
        nobody. With `few`, all of these people's names are read, which is right for some hundreds.
        """
        found: list[Jobseeker] = []
        people = self.alias(**{NAME_READ: NotIndexed("plain_name")}) if few else self
        for way in ways_to_find(typed, known=numbers_of, few=few):
            if len(found) < most:
                others = people.filter(way.condition).exclude(pk__in=[person.pk for person in found])
                if way.is_walked:
                    others = others.filter(pk__in=self.order_by("plain_name", "pk").values("pk")[:WALKED])
                found += others.order_by(way.order, "pk")[: most - len(found)]
        return found

    def readable_by(self, user: User) -> Self:
        """Keep the files that the user may see, and those that the user may only read."""
        if user.role == Role.JOBSEEKER:
            return self.filter(user=user)
        return self.filter(staff_reading_perimeter(user))


class OfJobseekerQuerySet(QuerySet[Any]):
    """Base queryset for rows that belong to a person through a field named `jobseeker`."""

    def visible_to(self, user: User) -> Self:
        """Keep the rows of the files that the user may see."""
        if user.role == Role.JOBSEEKER:
            return self.filter(jobseeker__user=user)
        return self.filter(jobseeker__in=Jobseeker.objects.visible_to(user))

    def readable_by(self, user: User) -> Self:
        """Keep the rows of the files that the user may at least read."""
        if user.role == Role.JOBSEEKER:
            return self.filter(jobseeker__user=user)
        return self.filter(jobseeker__in=Jobseeker.objects.readable_by(user))


class Jobseeker(Guarded):
    """A person registered with the service, identified by seven digits and a letter."""

    # Sorted by bytes, the unique index also answers a search for the beginning.
    identifier = models.CharField("identifiant", max_length=8, db_collation="C")
    civility = models.CharField("civilité", max_length=5, blank=True)
    last_name = models.CharField("nom", max_length=80)
    first_name = models.CharField("prénom", max_length=80)
    # Sorted by bytes for the same reason.
    plain_name = models.GeneratedField(
        expression=PlainName("last_name", "first_name"),
        output_field=models.TextField(db_collation="C"),
        db_persist=True,
    )
    birth_date = models.DateField("date de naissance")
    email = models.EmailField("adresse e-mail", max_length=254, null=True, blank=True)  # noqa: DJ001  (one or none)
    phone = models.CharField("téléphone", max_length=20, blank=True, help_text="format E.164")
    postal_code = models.CharField("code postal", max_length=5, blank=True)
    commune = models.CharField("commune", max_length=80, blank=True)
    rome = models.CharField("métier recherché (code ROME)", max_length=5, blank=True)
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="jobseekers", verbose_name="agence")
    registered_on = models.DateField("date d'inscription")
    volunteers = models.BooleanField("volontaire pour le 100 % web", default=False)
    has_webcam = models.BooleanField("webcam", null=True)
    bandwidth = models.CharField("connexion", max_length=6, choices=Bandwidth, blank=True)
    preferred_channel = models.CharField("canal préféré", max_length=8, choices=OWN_CHANNELS, blank=True)
    preferred_hours = models.CharField("heures préférées", max_length=12, choices=PreferredHours, blank=True)
    user = models.OneToOneField(User, models.PROTECT, null=True, blank=True, related_name="jobseeker")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    guards: ClassVar[Guards] = {
        "jobseeker_has_accompaniment": "INSERT",
        "account_bears_the_name_of_its_file": "INSERT OR UPDATE",
        "account_has_the_address_of_its_file": "INSERT OR UPDATE",
        "address_opens_no_other_account": "UPDATE",
        "new_addresses_open_no_other_account": "INSERT",
    }

    objects = JobseekerQuerySet.as_manager()

    class Meta:
        ordering = (alphabetical("last_name"), alphabetical("first_name"), "pk")
        verbose_name = "demandeur d'emploi"
        verbose_name_plural = "demandeurs d'emploi"
        constraints = [
            models.CheckConstraint(
                condition=Q(identifier__regex=r"^[0-9]{7}[A-Z]$"), name="jobseeker_identifier_format"
            ),
            models.CheckConstraint(
                condition=Q(email=None) | (Q(email=Lower("email")) & ~Q(email="")),
                name="jobseeker_email_lower_case",
            ),
            # `unique=True` would add a second index for searches that nobody makes.
            models.UniqueConstraint(fields=("identifier",), name="jobseeker_identifier_once"),
            models.UniqueConstraint(fields=("email",), name="jobseeker_email_once"),
        ]
        indexes = [
            GinIndex(fields=("plain_name",), opclasses=("gin_trgm_ops",), name="jobseeker_plain_name"),
            # The first of those whose names begin so, in the order of the names. The agency keeps a manager of some
            # regions from reading the people of all others.
            models.Index(fields=("plain_name", "agency"), name="jobseeker_by_name"),
            models.Index(fields=("phone",), opclasses=("varchar_pattern_ops",), name="jobseeker_phone_begins"),
        ]

    def __str__(self) -> str:
        return self.full_name

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def zones(self) -> tuple[ZoneInfo]:
        """The clock of the person's agency; load its region."""
        return (self.agency.zone,)


class SourceRecord(models.Model):
    """The values last loaded for a person from the information system.

    A file's value is applied only if it differs from the one last loaded. Changes made here (an address, a tier that an
    adviser decided) therefore stand until the information system changes its own value.
    """

    jobseeker = models.OneToOneField(Jobseeker, models.CASCADE, primary_key=True, related_name="source_record")
    loaded_at = models.DateTimeField("chargé le")
    civility = models.TextField()
    last_name = models.TextField()
    first_name = models.TextField()
    birth_date = models.DateField()
    email = models.TextField(null=True)  # noqa: DJ001  (as on the person)
    phone = models.TextField()
    postal_code = models.TextField()
    commune = models.TextField()
    rome = models.TextField()
    agency_id = models.BigIntegerField(help_text="no key: only compared")
    registered_on = models.DateField()
    volunteers = models.BooleanField()
    has_webcam = models.BooleanField(null=True)
    bandwidth = models.TextField()
    tier = models.TextField(null=True)  # noqa: DJ001  (null: the one of the file has not gone in yet)

    class Meta:
        verbose_name = "dernier import"
        verbose_name_plural = "derniers imports"

    def __str__(self) -> str:
        return f"source of {self.jobseeker_id}"


class DeviceCheckQuerySet(OfJobseekerQuerySet):
    def latest_each(self) -> Self:
        """Keep each person's latest test."""
        return self.order_by("jobseeker_id", "-at", "-pk").distinct("jobseeker_id")


class DeviceCheck(AppendOnly):
    """The result of a person's own test of their device: camera, microphone, connection."""

    jobseeker = models.ForeignKey(Jobseeker, models.PROTECT, related_name="device_checks")
    at = models.DateTimeField("le")
    camera = models.BooleanField("caméra")
    microphone = models.BooleanField("micro")
    without_microphone = models.BooleanField("sans micro, par choix", default=False, db_default=False)
    connection = models.CharField("connexion", max_length=6, choices=Bandwidth)
    round_trip_ms = models.PositiveIntegerField("temps d'aller-retour, en ms", null=True)
    relayed = models.BooleanField("par relais", null=True, help_text="null: not known")
    device = models.CharField("appareil", max_length=120, blank=True)

    objects = DeviceCheckQuerySet.as_manager()

    class Meta:
        ordering = ("-at", "-pk")
        verbose_name = "test du matériel"
        constraints = [
            models.CheckConstraint(
                condition=~Q(microphone=True, without_microphone=True), name="device_check_microphone_or_none"
            ),
        ]
        indexes = [models.Index(fields=("jobseeker", "-at"), name="device_check_latest")]

    def __str__(self) -> str:
        return f"{self.jobseeker_id} {self.connection} {self.at:%Y-%m-%d}"

    @property
    def found(self) -> tuple[bool, bool, bool, str]:
        """The values by which two results differ."""
        return self.camera, self.microphone, self.without_microphone, self.connection

    @property
    def carries_video(self) -> bool:
        """Whether camera, connection and microphone work. A person who uses no microphone by choice needs none."""
        return self.camera and (self.microphone or self.without_microphone) and self.connection == Bandwidth.GOOD


class SentForm(models.Model):
    """The token of a form that was sent. Sending it again acts once and leads to the same page."""

    token = models.UUIDField(primary_key=True, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    sent_at = models.DateTimeField()
    answer = models.CharField(max_length=500, blank=True, help_text="the address to which the first one led")

    class Meta:
        indexes = [models.Index(fields=("sent_at",), name="sent_form_by_age")]

    def __str__(self) -> str:
        return str(self.token)
