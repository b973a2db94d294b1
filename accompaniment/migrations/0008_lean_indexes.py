"""Nothing is indexed twice, nor by keys that are empty in nearly all rows: each entry costs a load its time."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accompaniment', '0007_plain_name'),
    ]

    operations = [
        migrations.AlterField(
            model_name='accompaniment',
            name='decided_by',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='accompaniment',
            name='enrolment',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='accompaniments', to='accompaniment.enrolment'),
        ),
        migrations.AlterField(
            model_name='auditentry',
            name='actor',
            field=models.ForeignKey(db_index=False, help_text='null: the system', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='auditentry',
            name='jobseeker',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='audit_entries', to='accompaniment.jobseeker'),
        ),
        migrations.AlterField(
            model_name='enrolment',
            name='closed_by',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='enrolment',
            name='consent',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='enrolments', to='accompaniment.consent'),
        ),
        migrations.AlterField(
            model_name='enrolment',
            name='interview',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='enrolments', to='accompaniment.registrationinterview'),
        ),
        migrations.AlterField(
            model_name='enrolment',
            name='validated_by',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='enrolmentevent',
            name='actor',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='jobseeker',
            name='email',
            field=models.EmailField(blank=True, max_length=254, null=True, verbose_name='adresse e-mail'),
        ),
        migrations.AlterField(
            model_name='jobseeker',
            name='identifier',
            field=models.CharField(db_collation='C', max_length=8, verbose_name='identifiant'),
        ),
        migrations.AddIndex(
            model_name='accompaniment',
            index=models.Index(condition=models.Q(('enrolment__isnull', False)), fields=['enrolment'], name='accompaniment_by_enrolment'),
        ),
        migrations.AddIndex(
            model_name='accompaniment',
            index=models.Index(condition=models.Q(('decided_by__isnull', False)), fields=['decided_by'], name='accompaniment_by_decider'),
        ),
        migrations.AddIndex(
            model_name='auditentry',
            index=models.Index(condition=models.Q(('actor__isnull', False)), fields=['actor'], name='audit_by_actor'),
        ),
        migrations.AddIndex(
            model_name='enrolment',
            index=models.Index(condition=models.Q(('interview__isnull', False)), fields=['interview'], name='enrolment_by_interview'),
        ),
        migrations.AddIndex(
            model_name='enrolment',
            index=models.Index(condition=models.Q(('validated_by__isnull', False)), fields=['validated_by'], name='enrolment_by_validator'),
        ),
        migrations.AddIndex(
            model_name='enrolment',
            index=models.Index(condition=models.Q(('consent__isnull', False)), fields=['consent'], name='enrolment_by_consent'),
        ),
        migrations.AddIndex(
            model_name='enrolment',
            index=models.Index(condition=models.Q(('closed_by__isnull', False)), fields=['closed_by'], name='enrolment_by_closer'),
        ),
        migrations.AddIndex(
            model_name='enrolmentevent',
            index=models.Index(condition=models.Q(('actor__isnull', False)), fields=['actor'], name='enrolment_event_by_actor'),
        ),
        migrations.AddConstraint(
            model_name='jobseeker',
            constraint=models.UniqueConstraint(fields=('identifier',), name='jobseeker_identifier_once'),
        ),
        migrations.AddConstraint(
            model_name='jobseeker',
            constraint=models.UniqueConstraint(fields=('email',), name='jobseeker_email_once'),
        ),
    ]
