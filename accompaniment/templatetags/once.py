"""The token that lets a form do its thing once; built into every template (settings: `builtins`)."""

from django import template
from django.template.context import Context
from django.utils.html import format_html

from accompaniment.forms.tokens import FIELD, new_token
from accompaniment.models import User

register = template.Library()


@register.simple_tag(takes_context=True)
def once_token(context: Context) -> str:
    """Write the hidden field beside `{% csrf_token %}`; nothing for somebody who is not logged in."""
    user = getattr(context.get("request"), "user", None)
    if not isinstance(user, User):
        return ""
    # Firefox would bring the old token back with a reload.
    return format_html('<input type="hidden" name="{}" value="{}" autocomplete="off">', FIELD, new_token(user))
