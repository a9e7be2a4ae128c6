"""M2: who reads the database holds no session, and reads none."""

from importlib import import_module

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client

from portal.accounts.models import User
from portal.accounts.principals import ANONYMOUS
from portal.accounts.session_store import SessionStore, row_key
from tests.unit.accounts.test_sessions import principal, sign_in
from tests.unit.accounts.test_sign_up import code_in_last_mail, sign_up

pytestmark = [pytest.mark.database, pytest.mark.django_db]


def stored() -> str:
    """Everything that a reader of the table finds."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT session_key, session_data FROM django_session")
        return "\n".join(str(row) for row in cursor.fetchall())


def kept(**data: object) -> SessionStore:
    store = SessionStore()
    store.update(data)
    store.save()
    return store


def test_settings_name_this_store() -> None:
    assert import_module(settings.SESSION_ENGINE).SessionStore is SessionStore


def test_session_comes_back_with_its_cookie() -> None:
    store = kept(a="first")
    store["a"] = "second"
    store.save()
    assert dict(SessionStore(store.session_key).items()) == {"a": "second"}
    assert Session.objects.count() == 1


def test_g8_key_in_the_database_opens_no_session(client: Client, ada: User) -> None:
    sign_in(client, ada)
    [row] = Session.objects.all()
    assert client.cookies["sessionid"].value not in stored()
    thief = Client()
    thief.cookies["sessionid"] = row.session_key
    assert thief.get("/tokens/").status_code == 302
    assert principal(thief) == ANONYMOUS
    assert principal(client).user == ada


def test_g8_mailed_code_and_what_else_a_session_holds_is_not_readable(client: Client) -> None:
    sign_up(client)
    code = code_in_last_mail()
    [row] = Session.objects.all()
    assert code in str(dict(client.session.items()))
    assert code not in stored()
    assert SessionStore().decode(row.session_data) == {}
    assert row.get_decoded() == {}


def test_the_same_session_is_never_written_the_same_way() -> None:
    store = kept(a=1)
    before = stored()
    store.save()
    assert stored() != before


def test_changed_row_is_no_session() -> None:
    store = kept(a=1)
    [row] = Session.objects.all()
    middle = len(row.session_data) // 2
    other = "A" if row.session_data[middle] != "A" else "B"
    for data in ("", "x", "ä", row.session_data[:middle] + other + row.session_data[middle + 1 :]):
        Session.objects.update(session_data=data)
        again = SessionStore(store.session_key)
        assert dict(again.items()) == {}
        assert again.session_key is None


def test_row_moved_to_another_cookie_is_no_session() -> None:
    mine, other = kept(person="eve"), kept(person="ada")
    data = Session.objects.get(pk=row_key(str(other.session_key))).session_data
    Session.objects.filter(pk=row_key(str(mine.session_key))).update(session_data=data)
    assert dict(SessionStore(mine.session_key).items()) == {}


def test_deleted_and_flushed_sessions_are_gone() -> None:
    first, second = kept(a=1), kept(a=2)
    key = str(first.session_key)
    assert SessionStore().exists(key)
    SessionStore().delete(key)
    assert not SessionStore().exists(key)
    second.flush()
    SessionStore().delete()
    assert not Session.objects.exists()


def test_expired_session_is_gone() -> None:
    store = SessionStore()
    store["a"] = 1
    store.set_expiry(-1)
    store.save()
    assert dict(SessionStore(store.session_key).items()) == {}


def test_asynchronous_twins_keep_the_same_rows() -> None:
    async def keep() -> str:
        store = SessionStore()
        await store.aset("a", 1)
        await store.asave()
        return str(store.session_key)

    async def look(key: str) -> tuple[object, bool]:
        return await SessionStore(key).aget("a"), await SessionStore().aexists(key)

    key = async_to_sync(keep)()
    assert Session.objects.get().pk == row_key(key)
    assert async_to_sync(look)(key) == (1, True)
    async_to_sync(SessionStore(key).adelete)()
    assert async_to_sync(look)(key) == (None, False)
