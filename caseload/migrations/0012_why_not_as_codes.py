"""Why a transfer was not done, and what moved along, as codes with facts; sentences are made where they are shown."""

import re

from django.db import migrations, models

GONE = re.compile(r"^N'est plus dans le portefeuille (?:de |d').*\.$")
LEFT = re.compile(r"^N'est plus dans le portefeuille : (.*)\.$")
REASONS = {
    "fin du parcours": "track_ended",
    "transfert": "transferred",
    "adhésion non aboutie": "enrolment_closed",
    "sortie": "left",
    "changement de modalité": "tier_changed",
    "changement de région": "region_changed",
}
BEGINNINGS = {
    "N'est pas dans l'un de vos portefeuilles": "not_yours",
    "Un transfert est déjà prévu": "already_planned",
    "Est déjà dans ce portefeuille": "already_there",
}
WITH_NAMES = {
    r"^Complet\u00a0: ": "full",
    r"^Le portefeuille .* est complet": "filled",
    r" n'est pas là jusqu'au ": "nobody_answers",
    r"^Le compte .* est fermé": "account_closed",
    r"^La modalité de la personne": "other_modality",
    r"^Le portefeuille .* est dans une autre région": "other_region",
}
"""Sentences that name a portfolio by its adviser: of these the words are kept, for a name is no key."""
CARRIED = {
    "L'entretien du .* passe à ": "interview_kept",
    "L'entretien du .* est annulé": "interview_cancelled",
    "Un rappel est à faire": "callback",
    "Sans adresse e-mail": "no_address",
}


def as_code(sentence):
    """Return the code of a sentence, and its facts."""
    left = LEFT.match(sentence)
    if left and left[1] in REASONS:
        return "left", {"reason": REASONS[left[1]]}
    if GONE.match(sentence):
        return "gone", {}
    for beginning, code in BEGINNINGS.items():
        if sentence.startswith(beginning):
            return code, {}
    for pattern, code in WITH_NAMES.items():
        if re.search(pattern, sentence):
            return code, {"told": sentence}
    return "told", {"told": sentence}


def as_along(sentence):
    """Return what moved along by the code of a sentence; its words are kept where they name an hour or somebody."""
    for beginning, code in CARRIED.items():
        if re.match(beginning, sentence):
            kept = {} if code in {"callback", "no_address"} else {"told": sentence}
            return {"what": code, **kept}
    return {"what": "told", "told": sentence}


def to_codes(apps, schema_editor):
    rows = apps.get_model("caseload", "Transfer").objects
    for sentence in rows.exclude(why_not="").order_by().values_list("why_not", flat=True).distinct():
        code, facts = as_code(sentence)
        rows.filter(why_not=sentence).update(why_not=code, why_not_facts=facts)
    for row in rows.exclude(carried=[]).iterator():
        row.carried = [as_along(sentence) for sentence in row.carried]
        row.save(update_fields=["carried"])


class Migration(migrations.Migration):
    dependencies = [("caseload", "0011_region_changed")]

    operations = [
        migrations.AddField(
            model_name="transfer",
            name="why_not_facts",
            field=models.JSONField(
                db_default={}, default=dict, help_text="by code: keys of portfolios, counts, days"
            ),
        ),
        migrations.RunPython(to_codes, migrations.RunPython.noop, elidable=True),
    ]
