"""Where people work."""

from functools import partial

from django.db import models

from portal.core.ids import public_id


class Organization(models.Model):
    """An institution as people named it: anybody can say that they belong to it.

    domains: the mail domains known to be its own, in lower case, set by who runs the portal. A verified
    address there is what confirms a membership.
    """

    id = models.CharField(primary_key=True, max_length=32, default=partial(public_id, "org"), editable=False)
    name = models.CharField(max_length=200, unique=True)
    domains = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def has_domain_of(self, email: str) -> bool:
        """True when `email` is at one of its domains; a subdomain is another domain."""
        return email.rpartition("@")[2].lower() in self.domains
