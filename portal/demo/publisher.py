"""The publisher's side: a small real model, its reference, its release, its sealed revision."""

import subprocess
import sys

from portal.demo.commands import manage
from portal.demo.errors import DemoError
from portal.demo.narrator import Narrator
from portal.demo.place import Place

RELEASE = "demo-opt-30m"
REVISION = "v1"
RELEASE_FILE = "portal/demo/release.toml"


def make_model(place: Place, say: Narrator) -> None:
    """A freshly initialized OPT of 30 million parameters in three shards, cards, and a recorded reference."""
    done = subprocess.run(
        [sys.executable, "-m", "portal.demo.small_opt", str(place.model)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise DemoError(f"the model could not be made:\n{done.stderr}")
    shards = sorted(place.model.glob("*.safetensors"))
    size = sum(path.stat().st_size for path in place.model.rglob("*") if path.is_file())
    say.did(f"A small OPT model, made on the spot: {len(shards)} shards, {size / 2**20:.0f} MiB.")
    manage(say, "smoketest", str(place.model), "--record")
    say.did("Its reference: the logits that fixed tokens must give, recorded before sealing.")


def publish(place: Place, say: Narrator) -> None:
    """Apply the release's terms, seal the folder, pass the publisher's own smoke test, publish."""
    manage(say, "release", "apply", RELEASE_FILE)
    say.output(manage(say, "publish", str(place.model), "--release", RELEASE, "--revision", REVISION))
    say.did(
        f"{RELEASE}@{REVISION} is sealed, passed its own smoke test from the sealed bytes, and is published."
    )
