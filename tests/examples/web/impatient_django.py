"""The chat in Django, with a shorter wait."""

import django_chat
from django_chat import application

__all__ = ["application"]

django_chat.SILENCE = 0.3
