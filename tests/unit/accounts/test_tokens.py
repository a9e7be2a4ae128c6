"""Access tokens: made in a browser, kept as a digest, dead as soon as anything about their owner changes."""

from datetime import timedelta
from typing import Any

import pytest

from portal.accounts import tokens
from portal.accounts.actions.people import disable, enable
from portal.accounts.models import AccessToken, User
from portal.accounts.principals import ANONYMOUS, Principal, principal_for, system_principal
from portal.accounts.scopes import SCOPES
from portal.accounts.token_forms import PERSONAL, is_well_formed, new_secret
from portal.core import audit
from portal.core.models import AuditEvent
from portal.core.problems import Conflict, Invalid, NotPermitted
from portal.core.secrecy import holds_secret
from tests.unit.accounts.conftest import NOW, MakeUser

DAY = timedelta(days=1)


def make(by: Principal, **changes: Any) -> tuple[AccessToken, str]:
    fields = {"user": by.user, "name": "laptop", "scopes": ["read"], "lifetime": DAY, "by": by, "now": NOW}
    return tokens.create_token(**{**fields, **changes})


@pytest.mark.database
def test_a2_session_that_ends_while_it_makes_a_token_makes_none(session: Principal) -> None:
    """Its owner changed the password; what it had read before is all that a stolen session knows."""
    owner = User.objects.get(pk=session.person.pk)
    owner.set_password("another long phrase")
    owner.save()
    with pytest.raises(NotPermitted) as refused:
        make(session)
    assert refused.value.code == "session_over"
    assert not AccessToken.objects.exists()


@pytest.mark.database
def test_token_authenticates_its_owner_until_it_expires(session: Principal) -> None:
    token, secret = make(session, scopes=["download", "read"])
    found = tokens.authenticate(secret, NOW)
    assert found == token
    assert found is not None
    assert found.user == session.user
    assert found.scopes == ["read", "download"]
    assert tokens.authenticate(secret, NOW + DAY - timedelta(seconds=1)) == token
    assert tokens.authenticate(secret, NOW + DAY) is None


def test_secret_is_recognizable_checked_and_not_kept(session: Principal) -> None:
    token, secret = make(session)
    assert secret.startswith("wp_")
    assert len(secret) == 49
    assert is_well_formed(secret, PERSONAL)
    assert holds_secret(secret)
    assert token.prefix == secret[:9]
    assert not holds_secret(token.prefix)
    row = AccessToken.objects.values().get()
    assert all(secret not in str(value) and secret[9:] not in str(value) for value in row.values())


def test_each_mistyped_character_is_noticed_without_the_database(session: Principal) -> None:
    _, secret = make(session)
    for position in range(len(secret)):
        other = "x" if secret[position] != "x" else "y"
        assert not is_well_formed(secret[:position] + other + secret[position + 1 :], PERSONAL)
    assert not is_well_formed(secret[:-1], PERSONAL)
    assert not is_well_formed(secret + "0", PERSONAL)
    assert not is_well_formed("", PERSONAL)


def test_well_formed_token_that_nobody_made_is_nobody(db: None) -> None:
    assert tokens.authenticate(new_secret(PERSONAL), NOW) is None


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("name", {"name": ""}),
        ("name", {"name": "x" * 81}),
        ("name", {"name": "a\x00b"}),
        ("name", {"name": "wp_0123456789abcdefghijABCDEFGHIJ"}),
        ("name", {"name": "my AGE-SECRET-KEY-1QQQ"}),
        ("name", {"name": "https://x.example/?signature=abc"}),
        ("scopes", {"scopes": []}),
        ("scopes", {"scopes": ["read", "admin"]}),
        ("lifetime", {"lifetime": timedelta(days=30, seconds=1)}),
        ("lifetime", {"lifetime": timedelta(0)}),
        ("lifetime", {"lifetime": -DAY}),
    ],
)
def test_bad_token_is_refused_by_field(session: Principal, field: str, change: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as caught:
        make(session, **change)
    assert list(caught.value.errors) == [field]
    assert not AccessToken.objects.exists()


def test_token_does_not_make_a_token(ada: User) -> None:
    with pytest.raises(NotPermitted) as caught:
        make(principal_for(ada, scopes=frozenset(SCOPES)))
    assert caught.value.code == "token_scope"


def test_nobody_makes_a_token_for_another(session: Principal, make_user: MakeUser) -> None:
    with pytest.raises(NotPermitted):
        make(session, user=make_user("eve@example.org"))
    with pytest.raises(NotPermitted) as caught:
        make(ANONYMOUS, user=session.user)
    assert caught.value.code == "login_required"


def test_unverified_address_makes_no_token(make_user: MakeUser) -> None:
    with pytest.raises(NotPermitted) as caught:
        make(principal_for(make_user(verified=False)))
    assert caught.value.code == "email_unverified"


def test_live_tokens_are_limited_and_ended_ones_do_not_count(session: Principal) -> None:
    made = [make(session)[0] for _ in range(tokens.MOST_LIVE_TOKENS)]
    with pytest.raises(Conflict, match="too_many_tokens"):
        make(session)
    tokens.end_token(token=made[0], by=session, now=NOW)
    make(session)
    assert make(session, now=NOW + 2 * DAY)[0].pk


@pytest.mark.database
def test_ended_token_is_dead_and_ending_it_again_changes_nothing(session: Principal) -> None:
    token, secret = make(session)
    tokens.end_token(token=token, by=session, now=NOW)
    tokens.end_token(token=token, by=session, now=NOW + DAY)
    token.refresh_from_db()
    assert token.ended_at == NOW
    assert tokens.authenticate(secret, NOW) is None
    assert AuditEvent.objects.filter(kind="token.ended").count() == 1


def test_token_ends_itself_but_no_other(session: Principal, ada: User) -> None:
    first, _ = make(session)
    second, _ = make(session)
    by_first = principal_for(ada, scopes=frozenset(["read"]), token_id=first.pk)
    with pytest.raises(NotPermitted):
        tokens.end_token(token=second, by=by_first, now=NOW)
    tokens.end_token(token=first, by=by_first, now=NOW)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.ended_at, second.ended_at) == (NOW, None)


def test_stranger_does_not_end_a_token(session: Principal, make_user: MakeUser) -> None:
    token, _ = make(session)
    with pytest.raises(NotPermitted):
        tokens.end_token(token=token, by=principal_for(make_user("eve@example.org")), now=NOW)


@pytest.mark.database
def test_a2_new_password_ends_every_token_at_once(session: Principal, ada: User) -> None:
    _, secret = make(session)
    ada.set_password("another long password")
    ada.save()
    assert tokens.authenticate(secret, NOW) is None


@pytest.mark.database
def test_a2_disabled_account_says_so_and_its_tokens_stay_dead(session: Principal, ada: User) -> None:
    _, secret = make(session)
    User.objects.filter(pk=ada.pk).update(is_active=False)
    with pytest.raises(NotPermitted) as caught:
        tokens.authenticate(secret, NOW)
    assert caught.value.code == "account_disabled"
    User.objects.filter(pk=ada.pk).update(is_active=True)
    disable(user=ada, reason="left", by=system_principal("test"), now=NOW)
    enable(user=ada, by=system_principal("test"), now=NOW)
    assert tokens.authenticate(secret, NOW) is None


def test_last_use_is_noted_once_a_minute(session: Principal) -> None:
    token, secret = make(session)
    for seconds, noted in ((0, 0), (59, 0), (61, 61)):
        tokens.authenticate(secret, NOW + timedelta(seconds=seconds))
        token.refresh_from_db()
        assert token.last_used_at == NOW + timedelta(seconds=noted)


def test_a7_g8_making_and_ending_leave_events_without_the_secret(session: Principal, ada: User) -> None:
    token, secret = make(session)
    tokens.end_token(token=token, by=session, now=NOW)
    events = list(audit.trail(f"user:{ada.public_id}"))
    assert [(event.kind, event.by, event.data["token"]) for event in events] == [
        ("token.created", ada.public_id, token.pk),
        ("token.ended", ada.public_id, token.pk),
    ]
    assert all(secret not in str(event.data) for event in events)


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_r10_failing_audit_write_leaves_no_token(
    make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise OSError("no audit")

    by = principal_for(make_user())
    token, _ = make(by)
    monkeypatch.setattr("portal.core.audit.record", fail)
    with pytest.raises(OSError, match="no audit"):
        make(by)
    with pytest.raises(OSError, match="no audit"):
        tokens.end_token(token=token, by=by, now=NOW)
    assert list(AccessToken.objects.values_list("pk", "ended_at")) == [(token.pk, None)]
