"""How a browser session is authenticated: by e-mail address and password, through allauth."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend as AllauthBackend

from portal.accounts.models import User


class AuthenticationBackend(AllauthBackend):
    """allauth's, without permission rows: there are none here, roles say what people may do.

    A disabled account is nobody at its next request: `get_user` asks the database each time.
    """

    def get_user(self, user_id: Any) -> User | None:
        # With the organization: every page and policy asks for it.
        user = User.objects.select_related("organization").filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None

    def get_user_permissions(self, user_obj: User, obj: Any = None) -> set[str]:
        return set()

    def get_group_permissions(self, user_obj: User, obj: Any = None) -> set[str]:
        return set()

    def get_all_permissions(self, user_obj: User, obj: Any = None) -> set[str]:
        return set()
