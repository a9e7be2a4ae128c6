"""Django's admin shows and never changes, and shows no secret."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Model
from django.test import Client

from portal.accounts.models import AccessToken, User
from portal.core.outbox import queue_rendered
from portal.core.read_only import ReadOnlyAdmin
from tests.unit.accounts.conftest import NOW, PASSWORD, MakeUser

EVERY = list(admin.site._registry.items())


@pytest.fixture
def superuser(client: Client, make_user: MakeUser) -> Client:
    client.force_login(make_user("root@example.org", is_staff=True, is_superuser=True))
    return client


@pytest.mark.parametrize(("model", "shown"), EVERY, ids=[model.__name__ for model, _ in EVERY])
def test_a7_admin_offers_no_change_of_any_model(superuser: Client, model: type[Model], shown: Any) -> None:
    assert isinstance(shown, ReadOnlyAdmin)
    base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    before = model._default_manager.count()
    assert superuser.get(base).status_code == 200
    assert superuser.post(f"{base}add/", {"email": "eve@example.org"}).status_code == 403
    superuser.post(base, {"action": "delete_selected", "_selected_action": ["1", "x"], "post": "yes"})
    assert model._default_manager.count() == before


def test_admin_takes_no_model_that_could_be_changed(superuser: Client) -> None:
    kept = dict(admin.site._registry)
    admin.site.register(Group, admin.ModelAdmin)
    admin.site.register(Group)
    assert admin.site._registry == kept
    assert superuser.get("/admin/auth/group/").status_code == 404


def test_admin_of_one_row_changes_nothing(superuser: Client, ada: User) -> None:
    page = f"/admin/accounts/user/{ada.pk}/"
    assert superuser.get(f"{page}change/").status_code == 200
    assert superuser.post(f"{page}change/", {"email": "eve@example.org"}).status_code == 403
    assert superuser.post(f"{page}delete/", {"post": "yes"}).status_code == 403
    ada.refresh_from_db()
    assert ada.email == "ada@example.org"


def test_a7_admin_changes_no_address_and_no_second_factor(superuser: Client, ada: User) -> None:
    factor = TOTP.activate(ada, generate_totp_secret()).instance
    RecoveryCodes.activate(ada)
    address = EmailAddress.objects.get(user=ada)
    for page in (f"/admin/mfa/authenticator/{factor.pk}/", f"/admin/account/emailaddress/{address.pk}/"):
        shown = superuser.get(f"{page}change/")
        assert shown.status_code == 200
        assert factor.data["secret"] not in shown.content.decode()
        assert superuser.post(f"{page}change/", {"verified": "on", "data": "{}"}).status_code == 403
        assert superuser.post(f"{page}delete/", {"post": "yes"}).status_code == 403
    stolen = {"user": ada.pk, "email": "eve@example.org", "verified": "on"}
    assert superuser.post("/admin/account/emailaddress/add/", stolen).status_code == 403
    assert Authenticator.objects.filter(user=ada).count() == 2
    assert list(EmailAddress.objects.filter(user=ada)) == [address]


def test_a7_admin_changes_no_password(superuser: Client) -> None:
    form = {
        "old_password": PASSWORD,
        "new_password1": "another pass-456",
        "new_password2": "another pass-456",
    }
    for page in ("/admin/password_change/", "/admin/password_change/done/"):
        assert superuser.post(page, form)["Location"] == "/accounts/password/change/"
    assert User.objects.get(email="root@example.org").check_password(PASSWORD)


def test_g8_admin_shows_no_digest_password_or_mail_text(superuser: Client, ada: User) -> None:
    token = AccessToken.objects.create(
        user=ada, name="t", prefix="wp_AbCdEf", digest="d" * 64, binding="b" * 64, scopes=["read"],
        created_at=NOW, expires_at=NOW.replace(year=2027),
    )  # fmt: skip
    message = queue_rendered(to=ada.email, template="t", subject="s", text="code 483920", ephemeral=True)
    pages = [
        f"/admin/accounts/accesstoken/{token.pk}/change/",
        f"/admin/accounts/user/{ada.pk}/change/",
        f"/admin/core/outboxmessage/{message.pk}/change/",
    ]
    for page in pages:
        text = superuser.get(page).content.decode()
        for secret in ("d" * 64, "b" * 64, ada.password, "483920"):
            assert secret not in text


def test_admin_is_closed_to_everybody_else(client: Client, make_user: MakeUser) -> None:
    client.force_login(make_user("staff@example.org", is_staff=True))
    assert client.get("/admin/core/auditevent/").status_code == 403
    client.force_login(make_user("ada@example.org"))
    assert client.get("/admin/core/auditevent/", follow=True).status_code == 403


def test_admin_has_no_sign_in_of_its_own(client: Client, make_user: MakeUser) -> None:
    root = make_user("root@example.org", is_staff=True, is_superuser=True)
    form = {"username": root.email, "password": PASSWORD}
    assert client.post("/admin/login/?next=/admin/", form).status_code == 401
    assert "_auth_user_id" not in client.session
    answer = client.get("/admin/", follow=True)
    assert answer.redirect_chain[-1][0].startswith("/accounts/login/?next=")
    client.force_login(root)
    assert client.get("/admin/login/").headers["Location"] == "/admin/"


def test_a3_admin_is_closed_without_a_second_factor(superuser: Client, settings: Any) -> None:
    settings.STAFF_MFA = "any"
    answer = superuser.get("/admin/core/auditevent/", follow=True)
    assert answer.status_code == 403
    assert "second factor" in answer.content.decode()
