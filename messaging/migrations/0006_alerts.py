from django.db import migrations, models
from django.db.models import Q
import django.db.models.deletion

CHANNELS = [("email", "E-mail"), ("sms", "SMS"), ("push", "Alerte sur l'appareil")]
GIVEN_UP_FOR = [
    ("failed", "Chaque essai a échoué"),
    ("dead_address", "L'adresse n'existe pas"),
    ("past", "N'a plus d'objet"),
    ("not_wanted", "La personne n'en veut pas"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("accompaniment", "0041_notices"),
        ("messaging", "0005_callback_queue"),
    ]

    operations = [
        migrations.RenameField(model_name="delivery", old_name="email", new_name="address"),
        migrations.AlterField(
            model_name="delivery",
            name="address",
            field=models.CharField(
                help_text="e-mail address, telephone number, or service of a browser", max_length=254
            ),
        ),
        migrations.AddField(
            model_name="delivery",
            name="channel",
            field=models.CharField(choices=CHANNELS, db_default="email", max_length=5),
        ),
        migrations.AddField(
            model_name="delivery",
            name="reference",
            field=models.CharField(blank=True, db_default="", help_text="the gateway's own number", max_length=120),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="notification",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="deliveries",
                to="accompaniment.notification",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(fields=("notification", "channel"), name="delivery_once_per_channel"),
        ),
        migrations.CreateModel(
            name="SmsDay",
            fields=[
                ("day", models.DateField(primary_key=True, serialize=False)),
                ("parts", models.PositiveIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Alert",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("channel", models.CharField(choices=CHANNELS, max_length=5)),
                (
                    "in_place_of_email",
                    models.BooleanField(help_text="the e-mail reaches nobody, so neither choice nor hour holds it"),
                ),
                ("created_at", models.DateTimeField()),
                ("next_try_at", models.DateTimeField()),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("sent_at", models.DateTimeField(null=True)),
                ("given_up_at", models.DateTimeField(null=True)),
                ("given_up_for", models.CharField(blank=True, choices=GIVEN_UP_FOR, max_length=12)),
                ("last_error", models.CharField(blank=True, max_length=200)),
                (
                    "notification",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="alerts",
                        to="accompaniment.notification",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=Q(("given_up_at", None), ("sent_at", None)),
                        fields=["next_try_at"],
                        name="alert_waiting",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("notification", "channel"), name="alert_once_per_channel"),
                    models.CheckConstraint(
                        condition=Q(("channel", "email"), _negated=True), name="alert_is_no_email"
                    ),
                    models.CheckConstraint(
                        condition=Q(("sent_at", None), ("given_up_at", None), _connector="OR"),
                        name="alert_sent_or_given_up",
                    ),
                    models.CheckConstraint(
                        condition=Q(
                            Q(("given_up_at", None), ("given_up_for", "")),
                            Q(("given_up_at__isnull", False), Q(("given_up_for", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="alert_given_up_for_something",
                    ),
                ],
            },
        ),
    ]
