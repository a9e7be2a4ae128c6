"""Who may do what in the vault, and why not. Who may *have* what is judged behind `ports.AccessPolicy`."""

from portal.accounts import matrix
from portal.accounts.policies import SESSION_REQUIRED, may_sign_in, staff_may, staff_may_with
from portal.accounts.principals import Principal
from portal.accounts.scopes import PUBLISH
from portal.core.verdicts import Allowed, Denied, Verdict
from weights_vault.models import RecipientKey, Release


def may_manage_releases(principal: Principal) -> Verdict:
    """May this principal publish, quarantine, restore and withdraw revisions, and answer alerts?

    A release manager in a browser, with the factor that STAFF_MFA asks for; or the portal itself (a
    management command, a job).
    """
    return staff_may(principal, matrix.RELEASE_MANAGE)


def may_read_ledger(principal: Principal) -> Verdict:
    """May this principal read who was given what, alerts, and what became of revisions? No token.

    The ledger names people and their addresses, so the session is held to what a change of a release is.
    """
    return staff_may(principal, matrix.LEDGER_READ)


def may_prepare_recall(principal: Principal) -> Verdict:
    """May this principal prepare a recall, for themselves to confirm in a browser? Also with a token that
    holds `publish`."""
    return staff_may_with(principal, matrix.RELEASE_MANAGE, PUBLISH)


def may_read_revisions(principal: Principal) -> Verdict:
    """May this principal read what became of revisions? It names nobody: a token with `publish` will do."""
    return staff_may_with(principal, matrix.LEDGER_READ, PUBLISH)


def may_report(principal: Principal) -> Verdict:
    """May this principal say what became of a download of theirs? Whoever may sign in: it opens nothing."""
    return may_sign_in(principal)


def may_have_revisions(release: Release) -> Verdict:
    """May a revision of this release be published? Not of a withdrawn one; its terms are another question."""
    if release.state == Release.State.WITHDRAWN:
        return Denied("release_withdrawn", f"{release.slug} was withdrawn.", "Publish under another release.")
    return Allowed()


def may_enroll_key(principal: Principal) -> Verdict:
    """May this principal begin to enroll a recipient key? A token may begin; only a person confirms."""
    return may_sign_in(principal)


def may_use_key(principal: Principal, key: RecipientKey) -> Verdict:
    """May this principal prove, or propose to remove, this key? Its owner alone."""
    verdict = may_sign_in(principal)
    if not verdict:
        return verdict
    own = principal.user is not None and principal.user.pk == key.user_id
    return Allowed() if own else Denied("not_permitted", "This is somebody else's key.")


def may_remove_key(principal: Principal, key: RecipientKey) -> Verdict:
    """May this principal remove this key at once? Its owner, in a browser."""
    verdict = may_use_key(principal, key)
    if not verdict:
        return verdict
    return Allowed() if principal.is_session else SESSION_REQUIRED
