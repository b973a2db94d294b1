"""Legal sentences in templates: `{% legal "recourse" %}`; built into every template (settings: `builtins`)."""

from django import template

from accompaniment.rules.legal_words import legal_sentence

register = template.Library()


@register.simple_tag
def legal(name: str) -> str:
    """Write a sentence of `accompaniment/rules/legal_words.py`."""
    return legal_sentence(name)
