"""Signing a machine in without a browser of its own (RFC 8628), and what it then acts with.

codes: what a machine asks, and what a person decides. families: the tokens of a device, which are renewed,
end together, and notice when one comes twice. provider: the OAuth endpoints, on django-allauth and oauthlib.
"""
