"""The recipient's side: `weights`, in a home of its own, over real HTTP."""

import hashlib
import json
import re
import subprocess
from pathlib import Path

from portal.demo.commands import client_environment, weights_command
from portal.demo.errors import DemoError
from portal.demo.narrator import Narrator
from portal.demo.person import Person
from portal.demo.place import Place
from portal.demo.publisher import RELEASE

NOT_ALLOWED = 4


def run(place: Place, say: Narrator, noor: Person) -> None:
    """Download with a new key, verify, smoke-test, and compare with the publisher's folder."""
    say.chapter("The recipient downloads, opens, verifies and smoke-tests")
    noor.sign_in()
    _download(place, say, noor)
    verified = _weights(place, say, "verify", str(place.download))
    say.output(verified.stderr or verified.stdout)
    say.fact("weights verify", "every part is what the publisher signed", holds=verified.returncode == 0)
    _compare(place, say)
    _smoke_test(place, say)


def is_refused(place: Place, say: Narrator, noor: Person, *, code: str) -> None:
    """Before the signature `weights download` must refuse, with the rule's own code."""
    _sign_in(place, say, noor)
    refused = _weights(place, say, "download", RELEASE, "--to", str(place.download), "--json")
    said = code if code in refused.stdout + refused.stderr else "another code"
    say.output(refused.stderr)
    holds = refused.returncode == NOT_ALLOWED and said == code and not place.download.exists()
    say.fact(
        "weights download before the license", f"refused: {said}, exit {refused.returncode}", holds=holds
    )


def _sign_in(place: Place, say: Narrator, noor: Person) -> None:
    """Make a token on the page, and give it to `weights login` on standard input."""
    noor.open("/tokens/")
    noor.confirm_password()
    noor.open("/tokens/")
    noor.submit(having="name", name="cluster")
    noor.confirm_password()
    found = re.search(r"wp_[A-Za-z0-9_-]{20,}", noor.page.text)
    if found is None:
        raise DemoError("the token page shows no token")
    say.ran(f"weights login --portal {place.url} --token")
    done = subprocess.run(
        weights_command(["login", "--portal", place.url, "--token"]),
        input=found.group(0) + "\n", capture_output=True, text=True, check=False,
        env=client_environment(place.home),
    )  # fmt: skip
    if done.returncode != 0:
        raise DemoError(f"weights login ended with {done.returncode}:\n{done.stderr}")
    say.output(done.stderr or done.stdout)


def _download(place: Place, say: Narrator, noor: Person) -> None:
    """Start the download; when it asks to enroll its new key, confirm that in the browser."""
    say.ran(f"weights download {RELEASE} --to {place.download.name}")
    process = subprocess.Popen(
        weights_command(["download", RELEASE, "--to", str(place.download)]),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=client_environment(place.home),
    )  # fmt: skip
    assert process.stdout is not None  # noqa: S101 - PIPE was asked for
    with process.stdout as lines:
        for line in lines:
            say.output(line)
            if found := re.search(r"confirm: (\S+)\s+code: (\S+)", line):
                confirm_key(noor, found.group(1), found.group(2))
                say.did(f"{noor.login.name} confirms the new key in the browser.")
    if process.wait() != 0:
        raise DemoError(f"weights download ended with {process.returncode}")


def confirm_key(noor: Person, url: str, code: str) -> None:
    noor.open(url)
    noor.confirm_password()
    if code not in noor.page.text:
        raise DemoError(f"the page shows another code than the command ({code})")
    noor.submit(having="do", do="confirm")
    noor.confirm_password()


def _compare(place: Place, say: Narrator) -> None:
    """The bytes in the recipient's folder against the publisher's own, file by file."""
    published = _digests(place.model)
    same = published == _digests(place.download)
    say.fact(
        "Downloaded files against the publisher's folder",
        f"{len(published)} of {len(published)} identical",
        holds=same,
    )


def _digests(folder: Path) -> dict[str, str]:
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and name.parts[0] != ".weights":
            with path.open("rb") as file:
                found[str(name)] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def _smoke_test(place: Place, say: Narrator) -> None:
    report = place.folder / "recipient" / "smoke-report.json"
    done = _weights(place, say, "smoke-test", str(place.download), "--report", str(report))
    say.output(done.stderr + done.stdout)
    if done.returncode != 0:
        raise DemoError(f"weights smoke-test ended with {done.returncode}")
    told = json.loads(report.read_text())
    levels = ", ".join(f"{level['level']} {level['verdict']}" for level in told["levels"])
    say.fact("weights smoke-test", f"{told['verdict']} ({levels})", holds=told["verdict"] == "passed")


def _weights(place: Place, say: Narrator, *arguments: str) -> subprocess.CompletedProcess[str]:
    say.ran("weights " + " ".join(Path(a).name if a.startswith("/") else a for a in arguments))
    return subprocess.run(
        weights_command(arguments), capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL, env=client_environment(place.home),
    )  # fmt: skip
