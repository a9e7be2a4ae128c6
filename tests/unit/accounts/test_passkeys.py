"""Passkeys on the site: added, named, removed; signing in with one; who may act with what they proved."""

import json
from typing import Any
from unittest.mock import patch

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.core.management import CommandError, call_command
from django.test import Client
from fido2.utils import websafe_decode, websafe_encode

from portal.accounts import passkeys
from portal.accounts.actions.people import disable
from portal.accounts.adapter import MFAAdapter
from portal.accounts.assertions import Assertion, AssertionRefused
from portal.accounts.models import RoleGrant, User
from portal.accounts.policies import staff_gate
from portal.accounts.principals import system_principal
from portal.core.models import AuditEvent
from tests.authenticator import UP, Passkey
from tests.unit.accounts.conftest import NOW, PASSWORD, MakeUser
from tests.unit.accounts.test_sessions import principal, sign_in

pytestmark = pytest.mark.database

ADD, SIGN_IN, CONFIRM = (
    "/accounts/2fa/webauthn/add/",
    "/accounts/2fa/webauthn/login/",
    "/accounts/2fa/webauthn/reauthenticate/",
)
PORTAL = "http://localhost:8000"


@pytest.fixture(autouse=True)
def _passkeys_for_staff(settings: Any) -> None:
    settings.STAFF_MFA = "passkey"


@pytest.fixture
def key(ada: User) -> Passkey:
    """Ada has a passkey, and recovery codes."""
    key = Passkey(PORTAL)
    key.put_on(ada)
    RecoveryCodes.activate(ada)
    return key


def add(client: Client, key: Passkey, name: str = "Phone", **changes: Any) -> Any:
    """Go through the page that adds a passkey."""
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    options = client.get(ADD).context["js_data"]["creation_options"]
    challenge = websafe_decode(json.loads(json.dumps(options, default=dict))["publicKey"]["challenge"])
    return client.post(ADD, {"name": name, "credential": json.dumps(key.registration(challenge, **changes))})


def begin(client: Client) -> dict[str, Any]:
    answer = client.get(SIGN_IN, headers={"Accept": "application/json"})
    options: dict[str, Any] = answer.json()["request_options"]
    return options


def sign_in_with(client: Client, key: Passkey, user: User, **changes: Any) -> Any:
    return client.post(SIGN_IN, {"credential": key.answer(begin(client), user=user, **changes)})


def test_passkey_is_added_named_and_ends_other_sessions(client: Client, ada: User) -> None:
    other = Client()
    sign_in(other, ada)
    sign_in(client, ada)
    answer = add(client, Passkey(PORTAL), "Key on the desk")
    assert answer["Location"] == "/accounts/2fa/recovery-codes/"
    assert str(Authenticator.objects.get(type="webauthn")) == "Key on the desk"
    assert principal(other).user is None
    found = principal(client)
    assert (found.user, found.mfa, found.passkey) == (ada, True, True)
    assert (
        AuditEvent.objects.get(kind="account.second_factor_added", data__factor="webauthn").by
        == ada.public_id
    )


@pytest.mark.parametrize(
    "changes", [{"flags": UP}, {"origin": "http://evil.localhost:8000"}, {"origin": "http://localhost"}]
)
def test_passkey_of_a_device_that_knows_nobody_or_of_another_site_is_not_added(
    client: Client, ada: User, changes: dict[str, Any]
) -> None:
    sign_in(client, ada)
    assert add(client, Passkey(PORTAL), **changes).status_code == 200
    assert not Authenticator.objects.exists()


# Flags that promise extensions, or a new key, of which nothing follows.
CUT_SHORT = [bytes(32) + bytes([flags]) + b"\0\0\0\1" for flags in (UP | 0x84, UP | 0x44)]


@pytest.mark.parametrize("data", [*CUT_SHORT, CUT_SHORT[0] + b"\x19"], ids=repr)
def test_a8_answer_that_is_cut_short_is_no_error_of_ours(client: Client, db: None, data: bytes) -> None:
    said = Passkey(PORTAL).assertion(begin(client)["publicKey"]["challenge"].encode())
    said["response"]["authenticatorData"] = websafe_encode(data)
    assert client.post(SIGN_IN, {"credential": json.dumps(said)}).status_code in (200, 302)
    assert principal(client).user is None
    with pytest.raises(AssertionRefused, match="not readable"):
        Assertion.parse(json.dumps(said))


def test_a8_new_passkey_that_is_cut_short_is_no_error_of_ours(client: Client, ada: User) -> None:
    sign_in(client, ada)
    key = Passkey(PORTAL)
    whole = websafe_decode(key.registration(b"\0" * 32)["response"]["attestationObject"])
    for cut in (b"", b"\xa3", whole[: len(whole) // 2]):
        with patch.object(key, "_credential", _cut(key, websafe_encode(cut))):
            assert add(client, key).status_code == 200
    assert not Authenticator.objects.exists()


def _cut(key: Passkey, attestation: str) -> Any:
    make = key._credential
    return lambda answer, extensions: make({**answer, "attestationObject": attestation}, extensions)


HOSTILE = [
    "x",
    "{}",
    "[]",
    "1",
    "null",
    '"x"',
    '{"response":{}}',
    '{"rawId":1,"response":{"clientDataJSON":"e30"}}',
]


@pytest.mark.parametrize("credential", HOSTILE)
def test_a8_what_is_no_passkey_is_no_error_of_ours(
    client: Client, ada: User, key: Passkey, credential: str
) -> None:
    begin(client)
    assert client.post(SIGN_IN, {"credential": credential}).status_code in (200, 302)
    sign_in(client, ada)
    assert client.post("/accounts/2fa/authenticate/", {"credential": credential}).status_code == 200
    client.post("/accounts/2fa/authenticate/", {"credential": key.answer(second(client))})
    for path in (ADD, CONFIRM):
        client.get(path)
        assert client.post(path, {"credential": credential}).status_code in (200, 302)
    assert Authenticator.objects.filter(type="webauthn").count() == 1


def second(client: Client) -> dict[str, Any]:
    """What the page for the second factor hands to the browser."""
    options = client.get("/accounts/2fa/authenticate/").context["js_data"]["request_options"]
    found: dict[str, Any] = json.loads(json.dumps(options, default=dict))
    return found


def test_passkey_signs_in_without_a_password_and_counts_for_staff(
    client: Client, ada: User, key: Passkey
) -> None:
    answer = sign_in_with(client, key, ada)
    assert answer["Location"] == "/"
    found = principal(client)
    assert (found.user, found.passkey) == (ada, True)
    assert staff_gate(found)
    assert AuditEvent.objects.filter(kind="account.signed_in", by=ada.public_id).count() == 1


@pytest.mark.parametrize(
    "changes", [{"flags": UP}, {"origin": "http://evil.localhost:8000"}, {"rp": "https://evil.example"}]
)
def test_passkey_that_does_not_fit_signs_nobody_in(
    client: Client, ada: User, key: Passkey, changes: dict[str, Any]
) -> None:
    assert sign_in_with(client, key, ada, **changes)["Location"] == "/accounts/login/"
    assert principal(client).user is None


def test_passkey_of_one_signs_no_other_in(
    client: Client, ada: User, key: Passkey, make_user: MakeUser
) -> None:
    bob = make_user("bob@example.org")
    assert sign_in_with(client, key, bob)["Location"] == "/accounts/login/"
    assert principal(client).user is None


def test_passkey_is_the_second_factor_after_the_password(client: Client, ada: User, key: Passkey) -> None:
    sign_in(client, ada)
    client.post("/accounts/2fa/authenticate/", {"credential": key.answer(second(client))})
    assert principal(client).passkey


def test_a3_recovery_code_opens_the_session_and_is_no_passkey(
    client: Client, ada: User, key: Passkey
) -> None:
    sign_in(client, ada)
    code = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()[0]
    client.post("/accounts/2fa/authenticate/", {"code": code})
    found = principal(client)
    assert (found.user, found.mfa, found.passkey) == (ada, True, False)
    verdict = staff_gate(found)
    assert not verdict
    assert verdict.code == "mfa_required"


def with_code(client: Client, ada: User) -> None:
    sign_in(client, ada)
    code = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()[0]
    client.post("/accounts/2fa/authenticate/", {"code": code})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})


@pytest.mark.parametrize("role", ["reviewer", ""])
def test_a3_staff_with_a_code_alone_change_no_passkey(
    client: Client, ada: User, key: Passkey, role: str
) -> None:
    """Else whoever relays one code puts a passkey of their own on the account, and acts. Nor does who has no
    role and may look into the records."""
    if role:
        RoleGrant.objects.create(user=ada, role=role, by="system:test", at=NOW)
    else:
        User.objects.filter(pk=ada.pk).update(is_staff=True, is_superuser=True)
    with_code(client, ada)
    for path in (
        "",
        "webauthn/add/",
        f"webauthn/keys/{Authenticator.objects.get(type='webauthn').pk}/remove/",
    ):
        answer = client.post(f"/accounts/2fa/{path}", {"credential": "{}"})
        assert answer["Location"].startswith(f"{CONFIRM}?next=")
    assert Authenticator.objects.count() == 2


def test_who_is_no_staff_replaces_a_lost_passkey_with_a_code(client: Client, ada: User, key: Passkey) -> None:
    with_code(client, ada)
    lost = Authenticator.objects.get(type="webauthn")
    assert client.post(f"/accounts/2fa/webauthn/keys/{lost.pk}/remove/").status_code == 302
    assert not Authenticator.objects.filter(type="webauthn").exists()
    assert principal(client).user == ada


def test_removed_passkey_counts_no_longer_in_the_session_that_it_opened(
    client: Client, ada: User, key: Passkey
) -> None:
    Passkey(PORTAL).put_on(ada, "Another")
    sign_in_with(client, key, ada)
    mine = Authenticator.objects.filter(type="webauthn").order_by("pk")[0]
    options = client.get(CONFIRM).context["js_data"]["request_options"]
    client.post(CONFIRM, {"credential": key.answer(json.loads(json.dumps(options, default=dict)))})
    client.post(f"/accounts/2fa/webauthn/keys/{mine.pk}/remove/")
    found = principal(client)
    assert (found.user, found.passkey) == (ada, False)


def test_renaming_leaves_a_line(client: Client, ada: User, key: Passkey) -> None:
    sign_in_with(client, key, ada)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    passkey = Authenticator.objects.get(type="webauthn")
    client.post(f"/accounts/2fa/webauthn/keys/{passkey.pk}/edit/", {"name": "Old phone"})
    passkey.refresh_from_db()
    assert str(passkey) == "Old phone"
    assert AuditEvent.objects.filter(kind="account.passkey_renamed", by=ada.public_id).count() == 1


def test_nobody_renames_or_removes_the_passkey_of_another(
    client: Client, make_user: MakeUser, key: Passkey
) -> None:
    bob = make_user("bob@example.org")
    sign_in(client, bob)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    theirs = Authenticator.objects.get(type="webauthn")
    for verb in ("edit", "remove"):
        assert (
            client.post(f"/accounts/2fa/webauthn/keys/{theirs.pk}/{verb}/", {"name": "x"}).status_code == 404
        )


def test_recent_passkey_counts_as_proof(client: Client, ada: User, key: Passkey) -> None:
    sign_in_with(client, key, ada)
    refused = client.post("/tokens/", {"name": "x", "scopes": "read", "days": "7"})
    assert refused["Location"].startswith(CONFIRM)
    options = client.get(CONFIRM).context["js_data"]["request_options"]
    client.post(CONFIRM, {"credential": key.answer(json.loads(json.dumps(options, default=dict)))})
    assert client.post("/tokens/", {"name": "x", "scopes": "read", "days": "7"}).status_code == 200


def test_a2_disabled_account_is_out_of_its_passkey_session_at_once(
    client: Client, ada: User, key: Passkey
) -> None:
    sign_in_with(client, key, ada)
    disable(user=ada, reason="Left.", by=system_principal("test"), now=NOW)
    assert principal(client).user is None
    again = Client()
    sign_in_with(again, key, ada)
    assert principal(again).user is None


def test_names_of_passkeys_are_plain(client: Client, ada: User) -> None:
    sign_in(client, ada)
    add(client, Passkey(PORTAL), "<script>alert(1)</script>")
    page = client.get("/accounts/2fa/").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_new_passkey_without_a_name_is_not_called_as_another(client: Client, ada: User) -> None:
    for name in ("Passkey 2", "Mine"):
        Passkey(PORTAL).put_on(ada, name)
    names = [MFAAdapter().generate_authenticator_name(ada, Authenticator.Type.WEBAUTHN)]
    Passkey(PORTAL).put_on(ada, names[0])
    names.append(MFAAdapter().generate_authenticator_name(ada, Authenticator.Type.WEBAUTHN))
    assert names == ["Passkey 1", "Passkey 3"]


@pytest.mark.parametrize(("known", "said", "behind"), [(0, 0, 0), (3, 4, 0), (5, 4, 1), (5, 5, 1), (5, 0, 1)])
def test_counter_never_goes_back_and_one_that_fell_behind_is_told(
    ada: User, known: int, said: int, behind: int
) -> None:
    """Also where the row was read before another answer was noted."""
    read = Passkey(PORTAL).put_on(ada)
    Authenticator.objects.filter(pk=read.pk).update(data={**read.data, "sign_count": known})
    passkeys.note_use(read, said)
    assert Authenticator.objects.get(pk=read.pk).data["sign_count"] == max(known, said)
    assert AuditEvent.objects.filter(kind="account.passkey_counter_behind").count() == behind


def test_passkey_that_was_removed_meanwhile_proves_nothing(ada: User) -> None:
    read = Passkey(PORTAL).put_on(ada)
    Authenticator.objects.filter(pk=read.pk).delete()
    with pytest.raises(AssertionRefused):
        passkeys.note_use(read, 1)


def test_options_name_the_portal_and_ask_for_the_person(client: Client, db: None) -> None:
    options = begin(client)["publicKey"]
    assert (options["rpId"], options["userVerification"]) == ("localhost", "required")
    assert not options.get("allowCredentials")


def test_operator_takes_lost_factors_off_an_account(client: Client, ada: User, key: Passkey) -> None:
    sign_in_with(client, key, ada)
    call_command("remove_factors", "Ada@example.org")
    assert principal(client).user is None
    assert not Authenticator.objects.exists()
    kinds = AuditEvent.objects.filter(kind="account.second_factor_removed", by="system:remove_factors")
    assert sorted(event.data["factor"] for event in kinds) == ["recovery_codes", "webauthn"]
    with pytest.raises(CommandError, match="no account"):
        call_command("remove_factors", "nobody@example.org")
