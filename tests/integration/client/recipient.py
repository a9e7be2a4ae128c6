"""A person with an enrolled key who downloads from the simulator, with limits that suit a test."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.simulators.portal import GRANT, TOKEN, SimulatedPortal
from tests.simulators.sealed_release import RELEASE, SealedRelease
from weights_vault.client.api import Api
from weights_vault.client.enrollment import EnrolledKey
from weights_vault.client.home import Home
from weights_vault.client.identities import LocalIdentity
from weights_vault.client.output import Output
from weights_vault.client.pins import Pins
from weights_vault.client.redaction import Secret
from weights_vault.client.transfer.limits import Limits
from weights_vault.client.transfer.session import Session, Summary, Wishes
from weights_vault.client.trust import TrustChain, choose_revision
from weights_vault.sealed.keys import generate_identity

# Stalls are looked for only where a test asks: a loaded machine stalls by itself.
QUICK = Limits(
    connect_s=5.0, stall_s=5.0, tries=5, progress_bytes=1 << 10, tick_s=0.02, backoff=lambda failures: 0.001
)


class Recipient:
    """Runs downloads into one folder; keeps its memory of the portal in another."""

    def __init__(self, portal: SimulatedPortal, place: Path) -> None:
        self.portal = portal
        self.folder = place / "release"
        self.home = Home(place / "home")
        self.identity = LocalIdentity(generate_identity("x25519"), place / "identity.txt")
        self.key = EnrolledKey(portal.add_key(self.identity.recipient).id, self.identity)

    def download(self, revision: str | None = None, *, limits: Limits = QUICK, **wishes: object) -> Summary:
        """Download as the command does, access and enrollment left out."""
        output = Output(quiet=True)
        chosen = replace(Wishes(folder=self.folder, jobs=2), **wishes)
        with Api(self.portal.url, Secret(TOKEN), pause=lambda seconds: None) as api:
            chain = TrustChain(api, Pins(self.home, api.portal), output)
            head = chain.head(RELEASE)
            trusted = chain.manifest(head, choose_revision(head, revision), GRANT)
            return Session(api, output, trusted, GRANT, chosen, limits).run(lambda: self.key)

    def assert_complete(self, release: SealedRelease | None = None) -> None:
        """Every file stands, byte for byte, under its final name, and nothing partial is left."""
        release = release or self.portal.release
        for file in release.files.values():
            assert (self.folder / file.entry.path).read_bytes() == file.plain
        assert list((self.folder / ".weights" / "partial").iterdir()) == []

    @property
    def final_names(self) -> list[str]:
        """Paths that stand in the folder, the client's own corner left out."""
        return sorted(
            path.relative_to(self.folder).as_posix()
            for path in self.folder.rglob("*")
            if path.is_file() and ".weights" not in path.parts
        )
