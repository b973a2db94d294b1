import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accompaniment", "0018_relay_missing")]

    operations = [
        migrations.AddField(
            model_name="jobrun",
            name="first_at",
            field=models.DateTimeField(auto_now_add=True, default=django.utils.timezone.now),
            preserve_default=False,
        ),
    ]
