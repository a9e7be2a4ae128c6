"""The main job with every real part: gunicorn, a Celery worker, SQLite, files, pages over HTTP, `weights`.

The demo is walked once for this module, in a folder of its own; the tests then look at what it left and go on
with the portal that it made.
"""

import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from portal.demo.person import Login, Person
from portal.demo.place import Place
from portal.demo.processes import Portal
from portal.demo.publisher import RELEASE
from portal.demo.recipient import confirm_key
from tests.servers.ports import kept_ports

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
TIME_LIMIT_S = 240
NEEDLES, NEEDLE_BYTES = 12, 32


@dataclass
class Walked:
    """A demo that went through, and its portal running again. temporary: the temp folder of all of it."""

    place: Place
    portal: Portal
    said: str
    temporary: Path

    @contextmanager
    def person(self, role: str) -> Iterator[Person]:
        login: Login = next(login for login in self.place.logins() if login.role == role)
        with Person(self.portal.url, login, self.place.mailbox) as person:
            person.sign_in()
            yield person

    def weights(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "weights_vault.client.main", *arguments],
            env=self.environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def weights_confirmed(self, person: Person, *arguments: str) -> tuple[int, str]:
        """Run a command that asks to be confirmed in a browser; its exit code and what it said."""
        process = subprocess.Popen(
            [sys.executable, "-m", "weights_vault.client.main", *arguments],
            env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        said = []
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                said.append(line)
                if found := re.search(r"confirm: (\S+)\s+code: (\S+)", line):
                    confirm_key(person, found.group(1), found.group(2))
        return process.wait(), "".join(said)

    @property
    def environment(self) -> dict[str, str]:
        home = str(self.place.home)
        return {"PATH": os.environ["PATH"], "HOME": home, "WEIGHTS_HOME": f"{home}/weights"}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with kept_ports(1) as [port]:
        yield port


def portal_that_cannot_start(var: Path) -> Path:
    """What the embedded settings find on this machine: none of the demo's business."""
    (var / "keys").mkdir()
    (var / "keys" / "agreement.pem").write_text("no key")
    return var


@pytest.fixture(scope="module")
def walked(port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walked]:
    folder, temporary = tmp_path_factory.mktemp("demo"), tmp_path_factory.mktemp("temporary")
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "DATABASE_"))
    }
    clean["VAR_DIR"] = str(portal_that_cannot_start(tmp_path_factory.mktemp("var")))
    clean["TMPDIR"] = str(temporary)
    done = subprocess.run(
        [sys.executable, "manage.py", "demo", "--folder", str(folder), "--port", str(port)],
        cwd=ROOT, env=clean, capture_output=True, text=True, timeout=TIME_LIMIT_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    place = Place(folder)
    environment = place.environment(port=None, keep=True)
    with pytest.MonkeyPatch.context() as patch:
        for name in set(environment) - set(os.environ) | {"VAR_DIR", "DJANGO_SETTINGS_MODULE"}:
            patch.setenv(name, environment[name])
        patch.setenv("TMPDIR", str(temporary))
        patch.chdir(ROOT)
        with Portal(
            environment["PORTAL_URL"], int(environment["PORTAL_URL"].rsplit(":", 1)[1]), place.logs
        ) as portal:
            portal.wait_until_ready()
            yield Walked(place, portal, done.stdout, temporary)


def test_the_demos_summary_tells_what_it_checked(walked: Walked) -> None:
    for fact in (
        "refused: request_pending, exit 4",
        "identical",
        "structure passed, tensors passed, logits passed",
    ):
        assert fact in re.sub(r"\s+", " ", walked.said.replace("│", ""))


def needles_of(shard: Path) -> list[bytes]:
    """Pieces of a shard's tensors from all over it, each too various to stand anywhere by chance."""
    data = shard.read_bytes()
    begin = 8 + int.from_bytes(data[:8], "little")  # behind the header, which names tensors and holds none
    places = random.Random(shard.name).choices(range(begin, len(data) - NEEDLE_BYTES), k=200)
    pieces = [data[place : place + NEEDLE_BYTES] for place in places]
    return [piece for piece in pieces if len(set(piece)) > NEEDLE_BYTES // 2][:NEEDLES]


def test_no_plaintext_of_any_shard_stands_in_what_the_portal_keeps_logs_or_forgets(walked: Walked) -> None:
    """Its folder with store, database, mail and broker; its logs; and whatever it left in the temp folder."""
    shards = sorted(walked.place.model.rglob("*.safetensors"))
    needles = {shard.name: needles_of(shard) for shard in shards}
    assert len(shards) > 1
    assert {len(found) for found in needles.values()} == {NEEDLES}
    folders = (walked.place.portal, walked.place.logs, walked.temporary)
    kept = contents([path for folder in folders for path in folder.rglob("*")])
    published = contents(shards)
    assert sum(map(len, kept.values())) > sum(map(len, published.values()))
    assert found_in(kept, needles) == []
    assert found_in(published, needles) == [(shard, shard.name) for shard in shards]


def contents(paths: list[Path]) -> dict[Path, bytes]:
    """What the files hold. The portal runs on: a write-ahead log is read before what it is folded into."""
    held = {}
    for path in sorted(paths, reverse=True):
        with suppress(FileNotFoundError):
            if path.is_file():
                held[path] = path.read_bytes()
    return dict(sorted(held.items()))


def found_in(held: dict[Path, bytes], needles: dict[str, list[bytes]]) -> list[tuple[Path, str]]:
    """Which of the files hold a piece of which shard."""
    return [
        (path, shard)
        for path, data in held.items()
        for shard, pieces in needles.items()
        if any(piece in data for piece in pieces)
    ]


def test_no_secret_stands_in_anything_the_portal_wrote_g8(walked: Walked) -> None:
    """G8: no signed URL, token, file key or private key in a log, a mail or a row."""
    recipients = b"".join(path.read_bytes() for path in walked.place.home.rglob("*") if path.is_file())
    secrets = re.findall(rb"wp_[A-Za-z0-9_-]{30,}|AGE-SECRET-KEY-[A-Z0-9-]+", recipients)
    assert len(secrets) >= 2, "the recipient's home holds the token and the identity"
    text = [path for folder in (walked.place.logs, walked.place.mailbox) for path in folder.rglob("*")]
    written = {path.name: path.read_bytes() for path in text if path.is_file()}
    shapes = rb"wp_[A-Za-z0-9]{30,}|AGE-SECRET-KEY-|signature=[0-9a-f]{20}|PRIVATE KEY"
    assert [name for name, said in written.items() if re.search(shapes, said)] == []
    written["database"] = (walked.place.portal / "portal.sqlite3").read_bytes()
    assert [name for name, said in written.items() for secret in secrets if secret in said] == []
    assert not re.search(rb"AGE-SECRET-KEY-|[?&]signature=[0-9a-f]{20}|PRIVATE KEY", written["database"])


def test_debians_age_opens_every_delivered_header_and_body(walked: Walked, tmp_path: Path) -> None:
    """`cat FILE.header FILE.body | age -d -i key` gives the published bytes of delivered files."""
    key = tmp_path / "key.txt"
    subprocess.run(["age-keygen", "-o", str(key)], check=True, capture_output=True)
    with walked.person("researcher") as noor:
        added, said = walked.weights_confirmed(noor, "keys", "add", str(key))
    assert added == 0, said
    folder = tmp_path / "sealed"
    done = walked.weights("download", RELEASE, "--to", str(folder), "--identity", str(key), "--keep-sealed")
    assert done.returncode == 0, done.stderr
    headers = sorted(folder.rglob("*.header"))
    assert len(headers) == len([path for path in walked.place.model.rglob("*") if path.is_file()])
    for header in headers:
        sealed = header.read_bytes() + header.with_suffix(".body").read_bytes()
        opened = subprocess.run(
            ["age", "-d", "-i", str(key)], input=sealed, capture_output=True, check=True
        ).stdout
        name = header.with_suffix("").relative_to(next(p for p in header.parents if p.name == ".sealed"))
        assert opened == (walked.place.model / name).read_bytes()


def test_a_flipped_bit_in_a_finished_folder_is_named_and_exits_5(walked: Walked, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    subprocess.run(["cp", "-a", str(walked.place.download), str(folder)], check=True)
    shard = sorted(folder.glob("*.safetensors"))[1]
    with shard.open("r+b") as file:
        file.seek(1_000_000)
        byte = file.read(1)
        file.seek(1_000_000)
        file.write(bytes([byte[0] ^ 1]))
    done = walked.weights("verify", str(folder))
    assert done.returncode == 5
    assert shard.name in done.stdout + done.stderr
    smoked = walked.weights("smoke-test", str(folder))
    assert smoked.returncode == 8, smoked.stderr


def test_a_revoked_grant_refuses_the_next_download_g1(walked: Walked, tmp_path: Path) -> None:
    """G1, over HTTP: staff revoke on their page; the recipient's next command is refused with the code."""
    with walked.person("legal_lead") as ruth:
        grant = re.findall(r"grt_[a-z2-7]+", ruth.open("/review/grants/"))[0]
        ruth.open(f"/review/grants/{grant}/")
        ruth.submit(having="verb", verb="revoke", reason="The cluster was sold.")
        ruth.confirm_password()
        assert "The cluster was sold." in ruth.page.text
    done = walked.weights("download", RELEASE, "--to", str(tmp_path / "again"), "--json")
    assert done.returncode == 4
    assert "grant_revoked" in done.stdout + done.stderr
    assert not (tmp_path / "again").exists()
