"""The executed documents: ordered with what was signed, rendered, signed by the portal, checked for ever."""

from licenses.agreements.ordering import order

__all__ = ["order"]
