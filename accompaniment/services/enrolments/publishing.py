"""New versions of the text that people accept, and the people who are asked again."""

from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import AuditAction, EnrolmentState, NotificationKind
from accompaniment.models import Consent, ConsentText, User
from accompaniment.rules.errors import DomainError
from accompaniment.rules.french import counted, verb_of
from accompaniment.rules.meanwhile import Shown, State, check_seen
from accompaniment.services import audit
from accompaniment.services.foreseen import Foreseen, names_of
from accompaniment.services.rights import check_steers_country

ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('accompaniment.consent_texts'))"
LONGEST_TITLE = 120

# Everybody with an open enrolment and an acceptance of an earlier version is told once. People who begin later read the
# new version anyway.
ASK_AGAIN = """
INSERT INTO accompaniment_notification
    (key, kind, user_id, jobseeker_id, email, context, created_at, next_try_at, attempts, last_error)
SELECT 'acceptance-asked:' || %(version)s || ':' || person.id, %(kind)s, person.user_id, person.id, person.email,
       jsonb_build_object(
           'first_name', person.first_name, 'path', %(path)s::text, 'on_web', enrolment.state = %(active)s
       ),
       %(now)s, %(now)s, 0, ''
FROM accompaniment_consent consent
JOIN accompaniment_jobseeker person ON person.id = consent.jobseeker_id
JOIN accompaniment_enrolment enrolment ON enrolment.jobseeker_id = person.id AND enrolment.closed_at IS NULL
WHERE consent.withdrawn_at IS NULL AND person.email IS NOT NULL
ORDER BY person.id
ON CONFLICT DO NOTHING
"""


UNCHANGED = "Ce texte est celui de la version en vigueur\u00a0: changez-le avant de le publier."


def check_text_differs(*, title: str, body: str) -> None:
    """Raise DomainError if the last version has the same text, so that there is nothing new to read or publish."""
    _check_differs(ConsentText.objects.order_by("-version").first(), title=title, body=body)


def _check_differs(last: ConsentText | None, *, title: str, body: str) -> None:
    if last is not None and (last.title, last.body) == (title.strip(), body.strip()):
        raise DomainError(UNCHANGED, about="body")


def shown_version(last: ConsentText | None) -> Shown:
    """Return what a page shows of the versions: the number of the last one."""
    return Shown("consent text", "", {"version": str(last.version if last else 0)})


def publish_consent_text(
    *, actor: User | None, title: str, body: str, needs_acceptance: bool, seen: State | None, shown: str | None = None
) -> ConsentText:
    """Publish the next version of the text, from now on; for a manager of the whole country.

    `needs_acceptance`: people who accepted an earlier version are told once and asked again, and running tracks go on;
    otherwise every acceptance stays valid. Raises ChangedMeanwhileError if the last version is not the one `seen`;
    NotForeseenError if the people asked differ from those `shown`; DomainError for an empty or unchanged text;
    NoRightError for anybody else.
    """
    if not title.strip() or len(title.strip()) > LONGEST_TITLE:
        raise DomainError(f"Donnez un titre de {LONGEST_TITLE} caractères au plus.", about="title")
    if not body.strip():
        raise DomainError("Écrivez le texte à accepter.", about="body")
    with transaction.atomic():
        # No row can serve as a lock here: the application's role may not lock rows that it may not change.
        with connection.cursor() as cursor:
            cursor.execute(ONE_AT_A_TIME)
        check_steers_country(actor)
        last = ConsentText.objects.order_by("-version").first()
        check_seen(seen, shown_version(last), "Une autre version a été publiée entre-temps. Relisez-la d'abord.")
        after = last.version if last else 0
        _check_differs(last, title=title, body=body)
        if actor is not None and needs_acceptance:
            foresee_publication(actor=actor, after=after).check(shown)
        now = timezone.now()
        text = ConsentText.objects.create(
            version=after + 1,
            title=title.strip(),
            body=body.strip(),
            published_at=now,
            needs_acceptance=needs_acceptance,
        )
        asked = _ask_again(text) if needs_acceptance else 0
        audit.record(
            actor=actor,
            jobseeker=None,
            action=AuditAction.CONSENT,
            event="published",
            version=text.version,
            needs_acceptance=needs_acceptance,
            asked=asked,
        )
        return text


def foresee_publication(*, actor: User, after: int) -> Foreseen:
    """Return whom the version after `after` would ask again, and which of them get a letter."""
    people = list(
        Consent.objects.standing()
        .filter(jobseeker__enrolments__closed_at=None, jobseeker__enrolments__isnull=False)
        .order_by("jobseeker")
        .values_list("jobseeker", "jobseeker__email")
    )
    told = sum(email is not None for _, email in people)
    return Foreseen(
        title=f"Publier la version {after + 1}",
        sentences=[
            f"{counted(told, 'un e-mail').capitalize()} {verb_of(told, 'part,partent')} tout de suite.",
            "La nouvelle version est à accepter sur chaque page\u00a0; le suivi continue pendant ce temps.",
        ],
        confirm=f"Publier la version {after + 1}",
        people=[pk for pk, _ in people],
        names=names_of([pk for pk, _ in people], reader=actor),
    )


def _ask_again(text: ConsentText) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            ASK_AGAIN,
            {
                "version": text.version,
                "kind": NotificationKind.ACCEPTANCE_ASKED,
                "path": reverse("acceptance"),
                "active": EnrolmentState.ACTIVE,
                "now": text.published_at,
            },
        )
        asked: int = cursor.rowcount
        return asked
