"""A person's account."""

from collections.abc import Iterator
from functools import partial
from typing import Any, ClassVar

from allauth.mfa.models import Authenticator
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone

from portal.accounts.models.organizations import Organization
from portal.core.ids import public_id


class UserManager(BaseUserManager["User"]):
    """Makes accounts; e-mail addresses are kept in lower case, so that one address is one account."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, email: str | None) -> "User":
        return self.get(email=(email or "").lower())


class User(AbstractBaseUser):
    """Signs in by e-mail address. What somebody may do comes from their roles, not from flags here.

    is_staff and is_superuser open Django's admin, which only shows, and are no role; is_active false ends
    every session and token at its next request.
    """

    public_id = models.CharField(
        max_length=32, unique=True, default=partial(public_id, "usr"), editable=False
    )
    email = models.EmailField(unique=True)
    full_name = models.CharField(max_length=200, blank=True)
    organization = models.ForeignKey(
        Organization, null=True, blank=True, on_delete=models.PROTECT, related_name="people"
    )
    country = models.CharField(max_length=2, blank=True, help_text="ISO 3166-1 alpha-2")
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    is_superuser = models.BooleanField(default=False)
    date_joined = models.DateTimeField(default=timezone.now)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        ordering = ["email"]
        constraints = [
            models.CheckConstraint(condition=Q(email=Lower(F("email"))), name="accounts_user_email_lower"),
        ]

    def __str__(self) -> str:
        return self.full_name or self.email

    def get_full_name(self) -> str:
        return self.full_name or self.email

    def get_short_name(self) -> str:
        return self.full_name.partition(" ")[0] or self.email

    # Primary keys of the account's second factors, once its session was looked at; None before.
    factors: frozenset[int] | None = None

    # A session is bound to the password and to the second factors as they were when it was opened: whoever
    # changes one of them ends every session but their own. Asked of the database at each request, so that a
    # session from before a factor is dead in the transaction that adds it, with nothing left to be done.
    def get_session_auth_hash(self) -> str:
        return self._bound_to_factors(super().get_session_auth_hash())

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        return map(self._bound_to_factors, super().get_session_auth_fallback_hash())

    def _bound_to_factors(self, hashed: str) -> str:
        # Not recovery codes: they stand beside a factor, and new ones are printed without proving it anew.
        factors = Authenticator.objects.filter(user=self).exclude(type=Authenticator.Type.RECOVERY_CODES)
        found = tuple(factors.order_by("pk").values_list("pk", flat=True))
        self.factors = frozenset(found)
        return ":".join([hashed, *map(str, found)])

    # Django's admin asks these. Permissions are not kept as rows here: it is for superusers, to look.
    def has_perm(self, perm: str, obj: Any = None) -> bool:
        return self.is_active and self.is_superuser

    def has_perms(self, perm_list: list[str], obj: Any = None) -> bool:
        return self.is_active and self.is_superuser

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and self.is_superuser
