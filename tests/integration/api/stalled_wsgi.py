"""The portal as gunicorn serves it, with less patience for readers who stall: a test cannot wait a minute."""

from importlib import import_module

from portal.wsgi import application

__all__ = ["application"]

# Imported here, because views can be imported only once Django is set up.
import_module("portal.api.delivery").STALLED_READER_S = 3  # type: ignore[attr-defined]
