"""New signing keys and new roots: recipients follow by themselves, and only what an earlier root signed.

The server's own documents are opened by the client's own code; between them stands a line that a test bends.
"""

import base64
import json
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from portal.core import keys
from portal.core.keys import rotation
from portal.core.keys.signing import tell_public_keys
from portal.core.problems import Conflict
from weights_vault import heads, trust
from weights_vault.client import trust as client_trust
from weights_vault.client.errors import IntegrityFailure, NotAllowed
from weights_vault.client.home import Home
from weights_vault.client.output import Output
from weights_vault.client.pins import Pins
from weights_vault.models import Release, Revision
from weights_vault.sealed.signing import SigningKey
from weights_vault.sealed.trust import ROLES, TrustDocument, fingerprint, open_head, open_trust, sign_trust

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_keys")]

DAY = timedelta(days=1)


class Line:
    """What the client asks the portal for, answered by the server's own functions at the time `now`."""

    def __init__(self, portal: str, now: datetime) -> None:
        self.portal, self.now, self.portal_time = portal, now, now
        self.successions: Callable[[], list[bytes]] = trust.successions
        self.trust: Callable[[datetime], bytes] = trust.sign

    def get_bytes(self, path: str, *, max_bytes: int, **query: str) -> bytes:
        if path == "/trust":
            return self.trust(self.now)
        if path == "/trust/successions":
            told = [base64.b64encode(each).decode() for each in self.successions()]
            return json.dumps({"successions": told}).encode()
        raise NotAllowed("not-found", "There is nothing here.", path, "Ask it.")


@pytest.fixture
def line(settings: Any, now: datetime) -> Line:
    return Line(settings.PORTAL_URL, now)


@pytest.fixture
def recipient(line: Line, tmp_path: Path) -> Callable[..., TrustDocument]:
    """recipient(name, at) → the trust document as the machine `name` accepts it then."""

    def opens(name: str, at: datetime, **options: Any) -> TrustDocument:
        line.now = line.portal_time = at
        pins = Pins(Home(tmp_path / name), line.portal)
        chain = client_trust.TrustChain(line, pins, Output(quiet=True), now=lambda: at, **options)  # type: ignore[arg-type]
        return chain.document()

    return opens


def pin(tmp_path: Path, name: str, portal: str) -> str | None:
    return Pins(Home(tmp_path / name), portal).root


def succeed(at: datetime) -> str:
    """A whole succession: announced, signed once, taken over, signed; the new root's fingerprint."""
    rotation.announce_root(at)
    trust.sign(at)
    rotation.root_takes_over(at + DAY)
    trust.sign(at + DAY)
    return fingerprint(keys.public_keys("root", at + DAY)[0])


def test_new_head_key_is_listed_before_it_signs_and_the_old_one_until_its_heads_ended(now: datetime) -> None:
    (old,) = keys.public_keys("head", now)
    rotation.rotate("head", now)
    begins, ended = now + rotation.LEAD, now + rotation.LEAD + rotation.LONGEST_DOCUMENT["head"]
    assert keys.signing_key("head", now).public == old
    first, announced = keys.public_keys("head", now)
    assert first == old
    assert keys.signing_key("head", begins).public == announced
    assert keys.public_keys("head", begins) == (announced, old)
    assert keys.public_keys("head", ended) == (announced,)
    assert begins + heads.LIFETIME < ended


def test_every_head_of_a_rotation_opens_by_the_trust_document_of_its_time(
    release: Release, revision: Revision, now: datetime, settings: Any
) -> None:
    """The document held since an hour before, too: nobody meets a key that they were not told of."""
    rotation.rotate("head", now)
    signers, documents = set(), []
    for hours in range(30):
        at = now + timedelta(hours=hours)
        signers.add(keys.signing_key("head", at).public)
        told = trust.sign(at)
        documents.append(
            open_trust(told, pinned=None, minimum_sequence=0, portal=settings.PORTAL_URL, now=at)
        )
        envelope = heads.sign(release, at)
        for document in documents[-2:]:
            opened = open_head(envelope, document, release=release.slug, minimum_sequence=0, now=at)
            assert opened.revision == revision.name
    assert len(signers) == 2


def test_each_change_of_keys_is_a_new_number_of_the_trust_document(now: datetime, settings: Any) -> None:
    def number(at: datetime) -> int:
        told = trust.sign(at)
        return open_trust(told, pinned=None, minimum_sequence=0, portal=settings.PORTAL_URL, now=at).sequence

    first = number(now)
    rotation.rotate("head", now)
    times = [now, now + rotation.LEAD, now + rotation.LEAD + rotation.LONGEST_DOCUMENT["head"]]
    assert [number(at) for at in times] == [first + 1, first + 2, first + 3]


@pytest.mark.parametrize("role", ["manifest", "countersign"])
def test_key_whose_documents_never_end_stays_listed_until_it_is_dropped(role: str, now: datetime) -> None:
    (old,) = keys.public_keys(role, now)
    rotation.rotate(role, now)
    later = now + 1000 * DAY
    assert keys.public_keys(role, later)[1:] == (old,)
    with pytest.raises(Conflict, match="key_signs"):
        rotation.drop(role, keys.signing_key(role, later).public.keyid, later)
    rotation.drop(role, old.keyid[:12], later)
    assert old not in keys.public_keys(role, later)


def test_manifest_of_an_earlier_key_still_opens(
    publish: Callable[..., Revision], release: Release, now: datetime
) -> None:
    from weights_vault.sealed.manifest import open_manifest

    first = publish("v1")
    rotation.rotate("manifest", now - DAY)
    second = publish("v2")
    for revision in (first, second):
        assert open_manifest(bytes(revision.manifest or b""), keys.public_keys("manifest", now))


def test_key_that_somebody_else_has_is_listed_no_more_at_once(now: datetime) -> None:
    (old,) = keys.public_keys("head", now)
    rotation.rotate("head", now)
    rotation.rotate("head", now, compromised=True)
    (new,) = keys.public_keys("head", now)
    assert new != old
    assert keys.signing_key("head", now).public == new


def test_second_rotation_waits_for_the_first(now: datetime) -> None:
    rotation.rotate("head", now)
    with pytest.raises(Conflict, match="rotation_runs"):
        rotation.rotate("head", now)
    rotation.rotate("head", now + 2 * DAY)


def test_private_keys_are_their_owners_alone_and_the_public_list_holds_none(
    own_keys: Path, now: datetime, settings: Any
) -> None:
    """G8"""
    rotation.rotate("head", now)
    for path in own_keys.iterdir():
        assert path.stat().st_mode & 0o077 == 0
    assert "PRIVATE" not in (Path(settings.PUBLIC_KEYS) / "ring.json").read_text()


def test_public_list_is_readable_to_other_users_in_production_whatever_the_umask(
    settings: Any, tmp_path: Path
) -> None:
    settings.PUBLIC_KEYS, settings.EMBEDDED = str(tmp_path / "for-all"), False
    before = os.umask(0o077)
    try:
        tell_public_keys()
    finally:
        os.umask(before)
    modes = [
        path.stat().st_mode & 0o777 for path in (tmp_path / "for-all", tmp_path / "for-all" / "ring.json")
    ]
    assert modes == [0o755, 0o644]


def test_process_without_keys_knows_the_same_public_ones(settings: Any, now: datetime) -> None:
    rotation.rotate("head", now)
    known = {role: keys.public_keys(role, now) for role in ROLES}
    settings.SIGNING_KEYS = ""
    assert {role: keys.public_keys(role, now) for role in ROLES} == known
    with pytest.raises(Exception, match="Only the keeper has the signing keys"):
        keys.signing_key("head", now)


def test_recipient_of_the_overlap_pins_the_new_root(
    recipient: Callable[..., TrustDocument], now: datetime, tmp_path: Path, line: Line
) -> None:
    recipient("laptop", now)
    old = pin(tmp_path, "laptop", line.portal)
    new = succeed(now)
    recipient("laptop", now + 2 * DAY)
    assert pin(tmp_path, "laptop", line.portal) == new != old
    recipient("laptop", now + 100 * DAY)


def test_recipient_who_skipped_several_successions_follows_them_all(
    recipient: Callable[..., TrustDocument], now: datetime, tmp_path: Path, line: Line
) -> None:
    recipient("laptop", now)
    for year in range(1, 4):
        newest = succeed(now + 365 * year * DAY)
    at = now + 2000 * DAY
    assert len(keys.public_keys("root", at)) == 1
    recipient("laptop", at)
    assert pin(tmp_path, "laptop", line.portal) == newest


def test_fingerprint_of_an_old_root_given_by_hand_leads_to_the_new_one(
    recipient: Callable[..., TrustDocument], now: datetime, tmp_path: Path, line: Line
) -> None:
    old = keys.root_fingerprint()
    new = succeed(now)
    recipient("cluster", now + 200 * DAY, portal_key=old.upper())
    assert pin(tmp_path, "cluster", line.portal) == new


def forged(line: Line, at: datetime, *signers: SigningKey, roots: list[SigningKey]) -> bytes:
    document = TrustDocument(
        portal=line.portal,
        sequence=99,
        issued=at,
        expires=at + DAY,
        keys={
            "root": tuple(key.public for key in roots),
            **{role: (SigningKey.generate().public,) for role in ROLES[1:]},
        },
    )
    return sign_trust(document, *signers)


def test_forged_successor_is_refused_and_the_pin_stays(
    recipient: Callable[..., TrustDocument], now: datetime, tmp_path: Path, line: Line
) -> None:
    """A root that the pinned one never signed for: alone, beside it, or with its name alone."""
    recipient("laptop", now)
    before = pin(tmp_path, "laptop", line.portal)
    real, thief = keys.signing_key("root", now), SigningKey.generate()
    line.trust = lambda at: forged(line, at, thief, roots=[thief])
    chains: list[list[bytes]] = [
        [],
        [forged(line, now, thief, roots=[thief])],
        [forged(line, now, thief, roots=[thief, real])],
        [b"no envelope"],
    ]
    for chain in chains:
        line.successions = lambda chain=chain: chain  # type: ignore[misc]
        with pytest.raises(IntegrityFailure) as caught:
            recipient("laptop", now + DAY)
        assert caught.value.reference in ("root-not-pinned", "signature-not-trusted", "malformed")
        assert pin(tmp_path, "laptop", line.portal) == before


def test_true_chain_leads_to_no_other_portals_document(
    recipient: Callable[..., TrustDocument], now: datetime, tmp_path: Path, line: Line
) -> None:
    recipient("laptop", now)
    before = pin(tmp_path, "laptop", line.portal)
    succeed(now)
    thief = SigningKey.generate()
    line.trust = lambda at: forged(line, at, thief, roots=[thief])
    with pytest.raises(IntegrityFailure):
        recipient("laptop", now + 200 * DAY)
    assert pin(tmp_path, "laptop", line.portal) == before


def test_portal_that_does_not_know_the_question_is_refused_as_before(
    recipient: Callable[..., TrustDocument], now: datetime, line: Line
) -> None:
    recipient("laptop", now)
    thief = SigningKey.generate()
    line.trust = lambda at: forged(line, at, thief, roots=[thief])

    def unknown() -> list[bytes]:
        raise NotAllowed("not-found", "There is nothing here.", "It is an older portal.", "Ask it.")

    line.successions = unknown
    with pytest.raises(IntegrityFailure) as caught:
        recipient("laptop", now)
    assert caught.value.reference == "root-not-pinned"
