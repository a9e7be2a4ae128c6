"""The researcher's side of the pages: sign up, ask, sign."""

import re

from portal.demo.errors import DemoError
from portal.demo.narrator import Narrator
from portal.demo.person import Person

ANSWERS = {
    "answer_purpose": "We measure how well small language models know what they do not know.",
    "answer_funding": "University funds; no company has a say in what we publish.",
    "answer_safeguards": "The weights stay on one encrypted disk in our cluster; three people can read it.",
    "answer_noncommercial": "on",
}


def sign_up(noor: Person, say: Narrator) -> None:
    """Make an account and prove the address with the code that the worker mailed."""
    noor.open("/accounts/signup/")
    noor.submit(
        having="password1", email=noor.login.email,
        password1=noor.login.password, password2=noor.login.password,
        full_name=noor.login.name, organization="Example University", country="NL",
    )  # fmt: skip
    noor.submit(having="code", code=noor.read_code(r"(?m)^\s*([A-Z0-9]{3,}-?[A-Z0-9]{3,})\s*$"))
    say.did(f"{noor.login.name} signs up and proves the address with a mailed code.")


def ask(noor: Person, release: str, say: Narrator) -> str:
    """Fill in the release's questionnaire and submit; the request's id."""
    noor.open(f"/releases/{release}/request/")
    noor.submit(having="answer_purpose", **ANSWERS, license_read="on", do="submit")
    found = re.search(r"(req_[a-z2-7]+)", str(noor.page.url)) or re.search(
        r"/requests/(req_[a-z2-7]+)/", noor.page.text
    )
    if found is None:
        raise DemoError(f"no request came of the form; stopped at {noor.page.url}")
    say.did(f"{noor.login.name} asks for {release}: {found.group(1)}.")
    return found.group(1)


def sign(noor: Person, request: str, say: Narrator) -> None:
    """Read the license that was approved and sign it."""
    noor.open(f"/requests/{request}/sign/")
    noor.confirm_password()
    noor.submit(having="typed_name", typed_name=noor.login.name, agreed="on")
    noor.confirm_password()
    page = noor.open("/grants/")
    granted = "grt_" in page
    say.fact("The license is signed and the grant is live", "yes" if granted else "no", holds=granted)
    say.did(f"{noor.login.name} signs the license; the grant is live.")
