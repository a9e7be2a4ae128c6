"""Whether who acts is still there: asked of their row itself, within the transaction of what they do.

A session's account is read as its request begins. Until it acts, the account may have been disabled, or
erased; what a person wrote after that would belong to nobody, and name them again.

The order of locks, in every app, so that no two transactions wait for each other: that a change of two is
being proposed (`changes`); browser sessions; organizations, then their claims of domains; what a person
proposed (pending actions) and their mail addresses; master agreements; requests; changes of two; second
factors; accounts; devices, then their codes; grants; recipient keys, and what is kept of them. Several of one
kind: in the order of their primary keys. Whoever changes an account and then what comes before it in that
order locks that first: `events.AccountWanted` asks the apps to.
"""

from typing import Final

from django.db import connection

from portal.accounts.models import User
from portal.accounts.policies import ACCOUNT_DISABLED, SESSION_OVER
from portal.accounts.principals import Principal
from portal.core.problems import NotPermitted

_READ: Final = f"SELECT is_active FROM {User._meta.db_table} WHERE id = %s"  # noqa: S608  (a name of ours)
# The weakest lock there is, the same that a foreign key to the row takes: any number of actions hold it, and
# an erasure waits for them, or they for the erasure. Django has no word for it.
_HELD: Final = f"{_READ} FOR KEY SHARE"


def require_present(by: Principal) -> None:
    """See that the person who acts has not left since their session or token was read, and keep it so until
    the transaction ends. For nobody and for the portal itself, which the policies judge, it does nothing.

    Raises: NotPermitted(account_disabled). RuntimeError: no transaction is open.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("whether somebody is there was asked outside the transaction of what they do")
    if by.user is None:
        return
    # SQLite has no row locks: there the transaction holds the whole database.
    with connection.cursor() as cursor:
        cursor.execute(_HELD if connection.vendor == "postgresql" else _READ, [by.user.pk])
        row = cursor.fetchone()
    if row is None or not row[0]:
        raise NotPermitted.from_denied(ACCOUNT_DISABLED)


def held_unchanged(by: Principal) -> User:
    """Return the account of who acts in a browser, locked, with the password and factors of their session.

    Whoever holds a stolen session may be making a token while its owner ends that session.
    Raises: NotPermitted(account_disabled, session_over). RuntimeError: no transaction is open.
    """
    account = User.objects.select_for_update().get(pk=by.person.pk)
    require_present(by)
    known = by.person.factors
    account.get_session_auth_hash()  # reads the factors that it has now
    if account.password != by.person.password or known not in (None, account.factors):
        raise NotPermitted.from_denied(SESSION_OVER)
    return account
