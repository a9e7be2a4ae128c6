"""Makes a portal's database, publishes a folder and grants it to a person, in a process of its own.

Usage: python -m tests.servers.release RELEASE FOLDER, under the portal's settings.
Prints one JSON object: grant, token, identity, revision, and files: path → id, and the name of its object.
"""

import json
import sys
from pathlib import Path

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402

from licenses.models import License  # noqa: E402
from portal.accounts.principals import system_principal  # noqa: E402
from tests.integration.api import world  # noqa: E402
from tests.unit.vault.fakes import passes  # noqa: E402
from weights_vault.actions.publish import publish_folder  # noqa: E402
from weights_vault.ingest.progress import SilentProgress  # noqa: E402
from weights_vault.models import Model, Release, Revision  # noqa: E402


def main() -> None:
    slug, folder = sys.argv[1:]
    call_command("migrate", verbosity=0)
    license = License.objects.create(slug="opt-nc", name="OPT noncommercial")
    version = world.publish_license(license, 1, world.LICENSE_TEXT)
    release = world.release_of(Model.objects.create(slug="opt", name="OPT"), slug, license)
    revision = _publish(release, Path(folder))
    people = world.World(
        license=version,
        release=release,
        hidden=release,
        revision=revision,
        researcher=world.person("ada"),
        other=world.person("bob"),
        reviewers=(world.person("rita", "legal_lead"), world.person("ravi", "reviewer")),
        manager=world.person("mona", "release_manager"),
        admin=world.person("alma", "administrator"),
        auditor=world.person("otto", "auditor"),
    )
    grant = people.granted()
    _, identity = people.key()
    _, token = world.token_of(people.researcher, "read", "download")
    files = revision.files.select_related("body")
    made = {
        "grant": grant.pk,
        "token": token,
        "identity": identity.to_text(),
        "revision": revision.name,
        "files": {file.path: {"id": file.pk, "object": file.body.object_name} for file in files},
    }
    print(json.dumps(made))


def _publish(release: Release, folder: Path) -> Revision:
    revision, _ = publish_folder(
        release=release,
        name="v1",
        folder=folder,
        by=system_principal("publish"),
        clock=timezone.now,
        progress=SilentProgress(),
        run=passes,
    )
    return revision


main()
