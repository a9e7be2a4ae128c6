"""`weights login` as a process, and its person in Chromium: the terminal's address, the code, the button."""

import json
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from portal.accounts.models import Device
from tests.browser import walking
from tests.browser.conftest import OpenPage, prove_it_is_you


@pytest.fixture
def portal(live_server: LiveServer, settings: Settings) -> str:
    settings.PORTAL_URL = live_server.url
    return str(live_server.url)


def test_a_machine_is_signed_in_and_out(open_as: OpenPage, portal: str, tmp_path: Path) -> None:
    ada, home = open_as("ada"), tmp_path / "home"

    def allow(address: str, code: str) -> None:
        ada.goto(address)
        expect(ada.get_by_label("Code", exact=True)).to_have_text(code)
        expect(ada.get_by_text("Allow it only if you started this yourself")).to_be_visible()
        walking.press(ada, ada.get_by_role("button", name="The codes match: allow"))
        prove_it_is_you(ada)
        expect(ada.get_by_text("Its terminal goes on by itself.")).to_be_visible()

    walking.weights_confirmed(home, "login", "--portal", portal, confirm=allow)
    me = json.loads(walking.weights(home, "whoami", "--json"))
    assert (me["token"]["kind"], me["token"]["id"]) == ("device", Device.objects.get().pk)

    ada.get_by_role("button", name="End Device").click()
    expect(ada.get_by_text("is signed out.")).to_be_visible()
    refused = subprocess.run(
        walking.weights_command(["whoami"]), capture_output=True, text=True, check=False,
        env=walking.client_environment(home), timeout=60,
    )  # fmt: skip
    assert (refused.returncode, "signed-out" in refused.stderr) == (3, True)


def test_a_code_is_typed_and_refused(open_as: OpenPage, portal: str, tmp_path: Path) -> None:
    ada = open_as("ada")
    process = subprocess.Popen(
        walking.weights_command(["login", "--portal", portal]), stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        env=walking.client_environment(tmp_path / "home"),
    )  # fmt: skip
    with process:
        assert process.stderr is not None
        code = next(line for line in process.stderr if line.startswith("open: ")).rpartition(" ")[2].strip()
        ada.goto("/device/")
        ada.get_by_label("Code in the terminal").fill(code.lower().replace("-", " "))
        ada.get_by_role("button", name="Go on").click()
        ada.get_by_role("button", name="Refuse").click()
        expect(ada.get_by_text("Refused. Nothing was signed in.")).to_be_visible()
        assert process.wait(60) == 4
    assert not Device.objects.exists()
