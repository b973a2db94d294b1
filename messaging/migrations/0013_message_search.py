import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.db import migrations, models

# Each word is kept as two stems: that of the word as written, and that of the word without its accents. So « formées »
# is found by « formé », « formée » and « formees ». A stem is cut off where no index could hold it. `array_to_tsvector`
# takes stems as they are, so no text can make a statement fail.
WORDS = r"""
CREATE FUNCTION message_words(body text) RETURNS tsvector
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 10000
RETURN array_to_tsvector(ARRAY(
    SELECT DISTINCT left(stem, 60) FROM (
        SELECT unaccent('unaccent'::regdictionary, lexeme) AS stem
        FROM unnest(to_tsvector('pg_catalog.french', regexp_replace(body, '[^[:alnum:]]+', ' ', 'g')))
        UNION ALL
        SELECT lexeme FROM unnest(to_tsvector('pg_catalog.french', regexp_replace(
            unaccent('unaccent'::regdictionary, body), '[^[:alnum:]]+', ' ', 'g')))
    ) stems WHERE stem <> ''
));
"""
WITHOUT_WORDS = "DROP FUNCTION message_words(text)"


class Migration(migrations.Migration):
    dependencies = [("messaging", "0012_attachments")]

    operations = [
        migrations.CreateModel(
            name="MessageSearch",
            fields=[
                (
                    "message",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="messaging.message",
                    ),
                ),
                ("words", django.contrib.postgres.search.SearchVectorField(help_text="stems without accents, by the function `message_words`")),
                (
                    "conversation",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="messaging.conversation",
                    ),
                ),
            ],
            options={
                "indexes": [django.contrib.postgres.indexes.GinIndex(fields=["words"], name="message_search_words")],
            },
        ),
        migrations.RunSQL(WORDS, WITHOUT_WORDS),
    ]
