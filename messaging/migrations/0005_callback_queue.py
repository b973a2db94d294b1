import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

OPEN = ("open", "claimed")
STATES = [
    ("open", "À rappeler"),
    ("claimed", "Rappel en cours"),
    ("done", "Rappel effectué"),
    ("unreached", "Personne non jointe"),
    ("cancelled", "Annulée"),
]
OUTCOMES = [
    ("reached", "La personne a répondu"),
    ("no_answer", "Pas de réponse"),
    ("voicemail", "Message laissé sur le répondeur"),
    ("wrong_number", "Mauvais numéro"),
]

FILL = """
UPDATE messaging_callbackrequest SET
    way = CASE WHEN in_writing THEN 'chat' ELSE 'phone' END,
    team_at = window_starts_at + (window_ends_at - window_starts_at) * 0.5,
    manager_at = window_starts_at + (window_ends_at - window_starts_at) * 0.8;
INSERT INTO messaging_callbackwindow (request_id, starts_at, ends_at)
    SELECT id, window_starts_at, window_ends_at FROM messaging_callbackrequest;
INSERT INTO messaging_callbackattempt (request_id, at, actor_id, outcome, phone)
    SELECT id, closed_at, closed_by_id, 'reached', phone FROM messaging_callbackrequest WHERE state = 'done';
"""
"""A request had one window; a call that was made is an attempt that reached the person."""

TAKE_BACK = """
UPDATE messaging_callbackrequest SET
    in_writing = (phone = ''),
    state = CASE state WHEN 'claimed' THEN 'open' WHEN 'unreached' THEN 'cancelled' ELSE state END;
"""
"""The earlier release knows neither state, and no other way than in writing."""

GUARDS = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON messaging_callbackattempt
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON messaging_callbackattempt
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""
UNGUARD = """
DROP TRIGGER never_truncated ON messaging_callbackattempt;
DROP TRIGGER append_only ON messaging_callbackattempt;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0004_callback_in_writing"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="callbackrequest", name="callback_one_open"),
        migrations.RemoveConstraint(model_name="callbackrequest", name="callback_number_or_writing"),
        migrations.RemoveConstraint(model_name="callbackrequest", name="callback_window_in_order"),
        migrations.RemoveConstraint(model_name="callbackrequest", name="callback_closed_by_someone"),
        migrations.CreateModel(
            name="CallbackWindow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="windows",
                        to="messaging.callbackrequest",
                    ),
                ),
            ],
            options={
                "ordering": ("starts_at", "pk"),
                "constraints": [
                    models.UniqueConstraint(fields=("request", "starts_at"), name="callback_window_once"),
                    models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="callback_windows_in_order"),
                ],
            },
        ),
        migrations.CreateModel(
            name="CallbackAttempt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("outcome", models.CharField(choices=OUTCOMES, max_length=12)),
                ("phone", models.CharField(blank=True, help_text="the number that was called, in E.164", max_length=20)),
                (
                    "actor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="attempts",
                        to="messaging.callbackrequest",
                    ),
                ),
            ],
            options={
                "ordering": ("at", "pk"),
                "constraints": [
                    models.UniqueConstraint(
                        condition=Q(outcome="reached"), fields=("request",), name="callback_reached_once"
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="callbackrequest",
            name="way",
            field=models.CharField(
                choices=[
                    ("phone", "Par téléphone"),
                    ("chat", "Par écrit, dans mes messages"),
                    ("video", "En visio"),
                    ("relay_text", "Par téléphone, avec transcription écrite"),
                    ("relay_signs", "Par téléphone, avec interprète en langue des signes"),
                ],
                db_default="phone",
                default="phone",
                max_length=11,
                verbose_name="réponse",
            ),
        ),
        migrations.AddField(
            model_name="callbackrequest",
            name="team_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="callbackrequest",
            name="manager_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="callbackrequest",
            name="claimed_at",
            field=models.DateTimeField(null=True, verbose_name="pris le"),
        ),
        migrations.AddField(
            model_name="callbackrequest",
            name="claimed_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="callbackrequest",
            name="told_at",
            field=models.DateTimeField(help_text="a person who was not reached was sent the next windows", null=True),
        ),
        migrations.RunSQL(FILL, TAKE_BACK),
        # The checks of the keys that were just written would stand in the way of the next changes of the tables.
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED", migrations.RunSQL.noop),
        migrations.RunSQL(GUARDS, UNGUARD),
        migrations.RemoveField(model_name="callbackrequest", name="in_writing"),
        migrations.AlterField(
            model_name="callbackrequest",
            name="team_at",
            field=models.DateTimeField(
                help_text="after half of the windows' time", verbose_name="visible de l'équipe"
            ),
        ),
        migrations.AlterField(
            model_name="callbackrequest",
            name="manager_at",
            field=models.DateTimeField(
                help_text="after 80 % of the windows' time", verbose_name="visible des responsables"
            ),
        ),
        migrations.AlterField(
            model_name="callbackrequest",
            name="window_starts_at",
            field=models.DateTimeField(help_text="the beginning of the first window", verbose_name="à partir de"),
        ),
        migrations.AlterField(
            model_name="callbackrequest",
            name="window_ends_at",
            field=models.DateTimeField(
                help_text="the end of the last window: the call is due", verbose_name="jusqu'à"
            ),
        ),
        migrations.AlterField(
            model_name="callbackrequest",
            name="state",
            field=models.CharField(choices=STATES, default="open", max_length=10, verbose_name="état"),
        ),
        migrations.AlterField(
            model_name="callbackevent",
            name="from_state",
            field=models.CharField(blank=True, choices=STATES, max_length=10),
        ),
        migrations.AlterField(
            model_name="callbackevent",
            name="to_state",
            field=models.CharField(choices=STATES, max_length=10),
        ),
        migrations.AddConstraint(
            model_name="callbackrequest",
            constraint=models.UniqueConstraint(
                condition=Q(state__in=OPEN),
                fields=("jobseeker",),
                name="callback_one_open",
                violation_error_message="Une demande de rappel est déjà en cours.",
            ),
        ),
        migrations.AddConstraint(
            model_name="callbackrequest",
            constraint=models.CheckConstraint(
                condition=Q(way__in=("chat", "video")) | ~Q(phone=""), name="callback_number_or_another_way"
            ),
        ),
        migrations.AddConstraint(
            model_name="callbackrequest",
            constraint=models.CheckConstraint(
                condition=Q(
                    window_ends_at__gt=F("window_starts_at"),
                    team_at__gte=F("window_starts_at"),
                    manager_at__gte=F("team_at"),
                    manager_at__lte=F("window_ends_at"),
                ),
                name="callback_window_in_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="callbackrequest",
            constraint=models.CheckConstraint(
                condition=Q(state="claimed", claimed_at__isnull=False, claimed_by__isnull=False)
                | (~Q(state="claimed") & Q(claimed_at=None, claimed_by=None)),
                name="callback_claimed_by_someone",
            ),
        ),
        migrations.AddConstraint(
            model_name="callbackrequest",
            constraint=models.CheckConstraint(
                condition=Q(state__in=OPEN, closed_at=None, closed_by=None)
                | (~Q(state__in=OPEN) & Q(closed_at__isnull=False, closed_by__isnull=False)),
                name="callback_closed_by_someone",
            ),
        ),
        migrations.AddConstraint(
            model_name="callbackrequest",
            constraint=models.CheckConstraint(
                condition=Q(told_at=None) | Q(state="unreached", told_at__gte=F("closed_at")),
                name="callback_told_if_unreached",
            ),
        ),
        migrations.AddIndex(
            model_name="callbackrequest",
            index=models.Index(condition=Q(state="claimed"), fields=("claimed_at",), name="callback_claims"),
        ),
        migrations.AddIndex(
            model_name="callbackrequest",
            index=models.Index(
                condition=Q(state="unreached", told_at=None), fields=("closed_at",), name="callback_to_tell"
            ),
        ),
    ]
