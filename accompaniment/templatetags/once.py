"""The token with which a form acts once; built into every template (settings: `builtins`)."""

from django import template
from django.template.context import Context
from django.utils.html import format_html

from accompaniment.forms.tokens import FIELD, new_token
from accompaniment.models import User

register = template.Library()


@register.simple_tag(takes_context=True)
def once_token(context: Context) -> str:
    """Write the hidden field beside `{% csrf_token %}`; nothing if nobody is logged in."""
    user = getattr(context.get("request"), "user", None)
    if not isinstance(user, User):
        return ""
    # On a reload Firefox would restore the old token.
    return format_html('<input type="hidden" name="{}" value="{}" autocomplete="off">', FIELD, new_token(user))
