"""What people do on more than one walk: the keyboard alone, a verdict, a signature, the real `weights`."""

import re
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from portal.core.jobs import run_due
from portal.demo.commands import client_environment, weights_command
from tests.browser.conftest import prove_it_is_you
from tests.unit.web.world import PASSWORD

STOPS = 60


def do_jobs() -> None:
    """What a worker would do now: documents, mails."""
    run_due(worker="test", now=timezone.now() + timedelta(seconds=1), limit=100)


def tab_to(page: Page, target: Locator) -> Locator:
    """Press Tab until the target has the focus, as somebody without a mouse does."""
    for _ in range(STOPS):
        if target.evaluate("element => element === document.activeElement"):
            return target
        page.keyboard.press("Tab")
    raise AssertionError(f"{STOPS} times Tab did not reach {target}")


def press(page: Page, target: Locator, key: str = "Enter") -> None:
    """Walk to the target by keyboard and press a key there."""
    tab_to(page, target)
    page.keyboard.press(key)


def write(page: Page, target: Locator, text: str) -> None:
    """Walk to a field by keyboard and type."""
    tab_to(page, target)
    page.keyboard.type(text)


def sign_in_again(page: Page, email: str) -> None:
    """The session has ended meanwhile; the page that was asked for comes after the form."""
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.locator("main").get_by_role("button", name="Sign in").click()


def approve(page: Page, applicant: str) -> None:
    """From any page to the queue, to the request, to the verdict: never a mouse."""
    press(page, page.get_by_label("Main").get_by_role("link", name="Review", exact=True))
    page.wait_for_url("**/review/")
    press(page, page.get_by_role("link", name=applicant))
    page.wait_for_url("**/review/req_*/")
    page.keyboard.press("a")
    expect(page.get_by_role("radio", name="Approve")).to_be_focused()
    page.keyboard.press("Space")
    press(page, page.get_by_role("button", name="Give this verdict"))
    write(page, page.get_by_label("Password"), PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Your verdict is recorded")).to_be_visible()


def sign(page: Page, name: str) -> None:
    """From any page to the applicant's request, to the end of the text, to the signature."""
    page.get_by_label("Main").get_by_role("link", name="My requests").click()
    page.get_by_role("link", name="Read and sign").click()
    page.get_by_label("I have read the whole text above").check()
    page.get_by_label("Type your full name").fill(name)
    page.get_by_role("button", name="Sign the license").click()
    prove_it_is_you(page)
    expect(page.get_by_text("The license is signed")).to_be_visible()


def save(page: Page, link: str, folder: Path) -> Path:
    """Download what a link leads to; return where it lies."""
    with page.expect_download() as waiting:
        page.get_by_role("link", name=link).click()
    file = folder / waiting.value.suggested_filename
    waiting.value.save_as(file)
    return file


def weights(home: Path, *words: str, typed: str = "") -> str:
    """Run `weights` as a process with a home of its own; return what it said."""
    done = subprocess.run(
        weights_command(words), input=typed, capture_output=True, text=True, check=False,
        env=client_environment(home), timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def weights_confirmed(home: Path, *words: str, confirm: Callable[[str, str], None]) -> None:
    """The same for a command that asks its person to confirm in a browser: confirm(address, code)."""
    process = subprocess.Popen(
        weights_command(words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, env=client_environment(home),
    )  # fmt: skip
    said = []
    for line in _lines(process):
        said.append(line)
        if found := re.search(r"^(?:confirm|open): (\S+)\s+code: (\S+)", line):
            confirm(found[1], found[2])
    assert process.wait(60) == 0, "".join(said)


def _lines(process: subprocess.Popen[str]) -> Iterator[str]:
    assert process.stdout is not None
    with process.stdout as lines:
        yield from lines
