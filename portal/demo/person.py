"""A person at a browser: opens pages, fills in forms, reads mail. Real HTTP, no back doors."""

import email
import email.policy
import re
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

import httpx

from portal.demo.errors import DemoError
from portal.demo.forms import Form, read_forms

MAIL_WAIT_S = 30.0


@dataclass
class Login:
    """Who the person is on the site."""

    role: str
    name: str
    email: str
    password: str


class Person:
    """One person with a browser of their own; `with` closes it."""

    def __init__(self, portal: str, login: Login, mailbox: Path) -> None:
        self.login = login
        self._mailbox = mailbox
        self._browser = httpx.Client(base_url=portal, follow_redirects=True, timeout=30)
        self.page = httpx.Response(204)

    def __enter__(self) -> "Person":
        return self

    def __exit__(self, *_: object) -> None:
        self._browser.close()

    def open(self, path: str) -> str:
        """Go to a page; its HTML. Raises DemoError unless the page is there."""
        return self._arrive(self._browser.get(path), path)

    def submit(self, *, having: str | None = None, action: str | None = None, **values: str) -> str:
        """Fill in and send the page's form that has the field or button `having`, or goes to `action`."""
        form = self._find(having, action)
        unknown = set(values) - form.names - set(form.buttons)
        if unknown:
            raise DemoError(f"{self.page.url}: the form has no {', '.join(sorted(unknown))}")
        target = urljoin(str(self.page.url), form.action)
        sent = {**form.fields, **values}
        return self._arrive(
            self._browser.post(target, data=sent, headers={"Referer": str(self.page.url)}), target
        )

    def read_code(self, pattern: str, *, seconds: float = MAIL_WAIT_S) -> str:
        """The first group of `pattern` in the newest mail to this person that has it; waits for it."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for text in self._mails():
                if found := re.search(pattern, text):
                    return found.group(1)
            time.sleep(0.1)
        raise DemoError(f"no mail for {self.login.email} within {seconds:.0f} s: is the worker running?")

    def sign_in(self) -> None:
        """Sign in on the page that people use, and stop if it did not work."""
        self.open("/accounts/login/")
        self.submit(having="login", login=self.login.email, password=self.login.password)
        self._expect_signed_in()

    def confirm_password(self) -> None:
        """Answer the page that asks for the password again before something that binds."""
        if "/reauthenticate/" in str(self.page.url):
            self.submit(having="password", password=self.login.password)

    def _expect_signed_in(self) -> None:
        if "/accounts/" in self.page.url.path:
            raise DemoError(f"{self.login.email} could not sign in: stopped at {self.page.url.path}")

    def _arrive(self, page: httpx.Response, asked: str) -> str:
        self.page = page
        if page.status_code >= 400:
            raise DemoError(f"{asked} answered {page.status_code} to {self.login.email}")
        return page.text

    def _find(self, having: str | None, action: str | None) -> Form:
        for form in read_forms(self.page.text):
            by_field = having is not None and (having in form.names or having in form.buttons)
            by_action = action is not None and form.action.endswith(action)
            if by_field or by_action:
                return form
        raise DemoError(f"{self.page.url}: no form with {having or action}")

    def _mails(self) -> list[str]:
        newest_first = sorted(
            self._mailbox.glob("*.log"), key=lambda path: path.stat().st_mtime_ns, reverse=True
        )
        texts = []
        for path in newest_first:
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            body = message.get_body(("plain",))
            if body is not None and self.login.email in str(message["To"]):
                texts.append(str(body.get_content()))
        return texts
