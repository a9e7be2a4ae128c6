"""Asking for access: what a release asks, what a person answers, and how both become a request."""
