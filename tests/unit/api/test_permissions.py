import pytest

from portal.accounts.models import User
from portal.accounts.principals import ANONYMOUS, Principal
from portal.api.permissions import DOWNLOAD, OPEN, OPEN_READ, READ, REQUESTS, SESSION, SIGNED_IN, Need, meets
from portal.api.views.base import ApiView
from portal.core.verdicts import Allowed, Denied


def caller(*scopes: str, active: bool = True) -> Principal:
    return Principal(user=User(is_active=active), scopes=frozenset(scopes))


BROWSER = Principal(user=User(is_active=True))


@pytest.mark.parametrize(
    ("principal", "need", "code"),
    [
        (ANONYMOUS, OPEN, None),
        (ANONYMOUS, OPEN_READ, None),
        (ANONYMOUS, SIGNED_IN, "login_required"),
        (ANONYMOUS, READ, "login_required"),
        (ANONYMOUS, SESSION, "login_required"),
        (caller(), OPEN, None),
        (caller(), OPEN_READ, "token_scope"),
        (caller(), SIGNED_IN, None),
        (caller("read"), READ, None),
        (caller("read"), REQUESTS, "token_scope"),
        (caller("read", "requests"), DOWNLOAD, "token_scope"),
        (caller("download"), DOWNLOAD, None),
        (caller("read", "requests", "download"), SESSION, "token_scope"),
        (caller("read", active=False), READ, "account_disabled"),
        (BROWSER, SESSION, None),
        (BROWSER, DOWNLOAD, None),
    ],
)
def test_a_need_is_met_or_refused_with_its_code(principal: Principal, need: Need, code: str | None) -> None:
    verdict = meets(principal, need)
    if code is None:
        assert isinstance(verdict, Allowed)
    else:
        assert isinstance(verdict, Denied)
        assert verdict.code == code
        assert verdict.next_step


def test_a_missing_scope_is_named_in_the_next_step() -> None:
    verdict = meets(caller("read"), DOWNLOAD)
    assert isinstance(verdict, Denied)
    assert "download" in verdict.next_step


def test_a_view_that_names_no_need_for_a_method_does_not_load() -> None:
    with pytest.raises(RuntimeError, match="names no need for post"):
        type(
            "Forgetful",
            (ApiView,),
            {"needs": {"GET": OPEN}, "get": lambda self: None, "post": lambda self: None},
        )
