"""An absence is noted, the person explains, and only then a named person decides.

Absences that were decided before nobody was heard on are set aside: the text that people accepted promises it.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

UNHEARD = """
INSERT INTO visio_interviewevent (interview_id, at, actor_id, from_state, to_state, reason)
SELECT id, now(), NULL, 'missed', 'excused', 'Décidée sans avoir entendu la personne'
FROM visio_interview WHERE state = 'missed' ORDER BY id;
UPDATE visio_interview SET state = 'excused' WHERE state = 'missed';
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""

APPEND_ONLY = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON visio_absenceanswer
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON visio_absenceanswer
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""
DROP_GUARDS = """
DROP TRIGGER never_truncated ON visio_absenceanswer;
DROP TRIGGER append_only ON visio_absenceanswer;
"""


class Migration(migrations.Migration):
    dependencies = [
        ('accompaniment', '0015_absence_answer_delay'),
        ('caseload', '0009_back_to_the_country_s_cap'),
        ('visio', '0002_guards'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='AbsenceAnswer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('text', models.TextField(max_length=2000, verbose_name='explication')),
            ],
            options={
                'ordering': ('at', 'pk'),
            },
        ),
        migrations.RemoveConstraint(
            model_name='interview',
            name='interview_closed_by_someone',
        ),
        migrations.RemoveConstraint(
            model_name='interview',
            name='interview_absence_needs_proof',
        ),
        migrations.AddField(
            model_name='interview',
            name='answer_until',
            field=models.DateTimeField(help_text='before that nobody confirms it unheard', null=True),
        ),
        migrations.AddField(
            model_name='interview',
            name='answered_at',
            field=models.DateTimeField(help_text='when the person first explained it', null=True),
        ),
        migrations.AddField(
            model_name='interview',
            name='noted_at',
            field=models.DateTimeField(help_text='when the adviser noted an absence', null=True, verbose_name='absence notée'),
        ),
        migrations.AddField(
            model_name='interview',
            name='noted_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='interview',
            name='told_at',
            field=models.DateTimeField(help_text='when the mail server took the e-mail that tells of it', null=True),
        ),
        migrations.AddField(
            model_name='interviewevent',
            name='reason',
            field=models.CharField(blank=True, max_length=500, verbose_name='motif'),
        ),
        migrations.AlterField(
            model_name='interview',
            name='state',
            field=models.CharField(choices=[('booked', 'Prévu'), ('in_progress', 'En cours'), ('held', 'Tenu'), ('interrupted', 'Interrompu par un problème technique'), ('noted', 'Absence notée, à décider'), ('missed', 'Absence confirmée'), ('excused', 'Absence sans suite'), ('cancelled', 'Annulé')], default='booked', max_length=12, verbose_name='état'),
        ),
        migrations.AlterField(
            model_name='interviewevent',
            name='from_state',
            field=models.CharField(blank=True, choices=[('booked', 'Prévu'), ('in_progress', 'En cours'), ('held', 'Tenu'), ('interrupted', 'Interrompu par un problème technique'), ('noted', 'Absence notée, à décider'), ('missed', 'Absence confirmée'), ('excused', 'Absence sans suite'), ('cancelled', 'Annulé')], max_length=12),
        ),
        migrations.AlterField(
            model_name='interviewevent',
            name='to_state',
            field=models.CharField(choices=[('booked', 'Prévu'), ('in_progress', 'En cours'), ('held', 'Tenu'), ('interrupted', 'Interrompu par un problème technique'), ('noted', 'Absence notée, à décider'), ('missed', 'Absence confirmée'), ('excused', 'Absence sans suite'), ('cancelled', 'Annulé')], max_length=12),
        ),
        migrations.RunSQL(UNHEARD, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name='interview',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('closed_at', None), ('closed_by', None), ('state__in', ('booked', 'in_progress', 'noted'))), models.Q(('closed_at__isnull', False), ('state', 'cancelled')), models.Q(models.Q(('state__in', ('booked', 'in_progress', 'noted')), _negated=True), ('closed_at__isnull', False), ('closed_by__isnull', False)), _connector='OR'), name='interview_closed_by_someone'),
        ),
        migrations.AddConstraint(
            model_name='interview',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ('noted', 'missed')), _negated=True), models.Q(('arrived_at', None), ('convocation_delivered_at__isnull', False), ('convocation_delivered_at__lt', models.F('starts_at')), ('noted_at__gte', models.F('starts_at')), ('noted_at__isnull', False), ('obligation__isnull', False), ('technical_failure_at', None)), _connector='OR'), name='interview_absence_needs_proof'),
        ),
        migrations.AddConstraint(
            model_name='interview',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('answer_until', None), ('answered_at', None), ('noted_at', None), ('noted_by', None), ('told_at', None)), models.Q(('answer_until__isnull', False), ('noted_at__isnull', False), ('noted_by__isnull', False), ('answer_until__gt', models.F('noted_at'))), _connector='OR'), name='interview_absence_noted_by_someone'),
        ),
        migrations.AddConstraint(
            model_name='interview',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'missed'), _negated=True), ('answered_at__isnull', False), models.Q(('closed_at__gte', models.F('answer_until')), ('told_at__isnull', False)), _connector='OR'), name='interview_absence_heard'),
        ),
        migrations.AddConstraint(
            model_name='interviewevent',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('from_state__in', ('noted', 'missed')), _negated=True), models.Q(models.Q(('reason', ''), _negated=True), models.Q(('actor__isnull', False), ('to_state', 'excused'), _connector='OR')), _connector='OR'), name='interview_absence_decided_with_reason'),
        ),
        migrations.AddField(
            model_name='absenceanswer',
            name='interview',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='absence_answers', to='visio.interview'),
        ),
        migrations.AddField(
            model_name='absenceanswer',
            name='jobseeker',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accompaniment.jobseeker'),
        ),
        migrations.AddConstraint(
            model_name='absenceanswer',
            constraint=models.CheckConstraint(condition=models.Q(('text', ''), _negated=True), name='absence_answer_not_empty'),
        ),
        migrations.RunSQL(APPEND_ONLY, DROP_GUARDS),
    ]
