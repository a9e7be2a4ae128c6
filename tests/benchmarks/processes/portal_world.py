"""The portal's side of a row: releases that people may have, a publish, and a grant.

Usage: python -m tests.benchmarks.processes.portal_world make RELEASE …
                                                         publish FOLDER RELEASE
                                                         grant RELEASE
`publish` is the whole pass of `manage.py publish` but for the smoke test: random shards are no model.
"""

import base64
import sys
import time
from collections.abc import Callable
from pathlib import Path

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402

from licenses.models import License, LicenseVersion  # noqa: E402
from portal.accounts.models import User  # noqa: E402
from portal.accounts.principals import principal_for, system_principal  # noqa: E402
from tests.benchmarks.processes.said import say  # noqa: E402
from tests.integration.api import world  # noqa: E402
from tests.unit.vault.fakes import passes  # noqa: E402
from weights_vault import keeper  # noqa: E402
from weights_vault.actions.publish import publish_folder  # noqa: E402
from weights_vault.ingest.progress import SilentProgress  # noqa: E402
from weights_vault.models import Model, Release, Revision  # noqa: E402

REVISION = "v1"


def make(*slugs: str) -> None:
    """`make_world`, told."""
    make_world(*slugs)
    say(made=len(slugs))


def make_world(*slugs: str) -> None:
    """Tables, people, a license, and a release under each of these names."""
    call_command("migrate", verbosity=0)
    model = Model.objects.create(slug="bench", name="Bench")
    license = License.objects.create(slug="bench-nc", name="Bench noncommercial")
    world.publish_license(license, 1, world.LICENSE_TEXT)
    for slug in slugs:
        world.release_of(model, slug, license)
    for name, *roles in (("ada",), ("bob",), ("mona", "release_manager"), ("alma", "administrator")):
        world.person(name, *roles)
    for name in ("rita", "ravi"):
        world.person(name, "reviewer")


def publish(folder: str, slug: str) -> None:
    """Seal, gate without torch, sign and publish."""
    began = time.perf_counter()
    revision, _ = publish_folder(
        release=Release.objects.get(slug=slug),
        name=REVISION,
        folder=Path(folder),
        by=system_principal("publish"),
        clock=timezone.now,
        progress=SilentProgress(),
        run=passes,
    )
    say(seconds=time.perf_counter() - began, revision=revision.pk)


def grant(slug: str) -> None:
    """Ada asks, two approve, she signs; her token, her key, and a header of each file for it."""
    portal = world_of(slug)
    given, (key, identity) = portal.granted(), portal.key(kind="x25519")
    _, token = world.token_of(portal.researcher, *world.ALL_SCOPES)
    files = list(portal.revision.files.select_related("body"))
    headers = dict(
        keeper.issue_headers(
            by=principal_for(portal.researcher), grant=given.pk, revision=portal.revision, key=key,
            files=files, now=timezone.now(),
        )
    )  # fmt: skip
    listed = [
        {
            "path": file.path,
            "size": file.size,
            "object": file.body.object_name,
            "body_size": file.body.body_size,
            "header": base64.b64encode(headers[file.pk]).decode(),
        }
        for file in files
    ]
    say(token=token, identity=identity.to_text(), grant=given.pk, key=key.pk, files=listed)


def world_of(slug: str) -> world.World:
    """The people and the published release of that name."""
    people = {user.email.partition("@")[0]: user for user in User.objects.all()}
    release = Release.objects.get(slug=slug)
    return world.World(
        license=LicenseVersion.objects.get(),
        release=release,
        hidden=release,
        revision=Revision.objects.get(release=release, name=REVISION),
        researcher=people["ada"],
        other=people["bob"],
        reviewers=(people["rita"], people["ravi"]),
        manager=people["mona"],
        admin=people["alma"],
    )


if __name__ == "__main__":
    steps: dict[str, Callable[..., None]] = {"make": make, "publish": publish, "grant": grant}
    steps[sys.argv[1]](*sys.argv[2:])
