"""The staff of the demo, who sign in without a second factor here."""

import re

from django.utils import timezone

from portal.accounts.actions.people import create_person
from portal.accounts.actions.roles import grant_role
from portal.accounts.principals import system_principal
from portal.demo.narrator import Narrator
from portal.demo.person import Login, Person
from portal.demo.place import Place


def people(place: Place) -> list[Login]:
    return [
        place.new_login("legal_lead", "Ruth Almeida", "ruth@portal.example"),
        place.new_login("reviewer", "Tomas Berg", "tomas@portal.example"),
        place.new_login("release_manager", "Mara Lind", "mara@portal.example"),
        place.new_login("auditor", "Iris Falk", "iris@portal.example"),
        place.new_login("administrator", "Edda Sorel", "edda@portal.example"),
    ]


def engage(logins: list[Login]) -> None:
    """Make the staff's accounts as an operator's command does: verified mail, one role each."""
    operator = system_principal("demo")
    for login in logins:
        person = create_person(
            email=login.email, password=login.password, full_name=login.name, country="NL",
            organization=None, by=operator, now=timezone.now(),
        )  # fmt: skip
        grant_role(user=person, role=login.role, by=operator, now=timezone.now())


def approve(reviewer: Person, request: str, say: Narrator) -> None:
    """Find the request in the queue and vote for it with a reason."""
    reviewer.sign_in()
    queue = reviewer.open("/review/")
    listed = re.search(rf"/review/{request}/", queue) is not None
    say.fact(f"{reviewer.login.name} finds the request in the queue", "yes" if listed else "no", holds=listed)
    reviewer.open(f"/review/{request}/")
    reviewer.confirm_password()
    reviewer.submit(having="verdict", verdict="approve", reason="Purpose and safeguards are clear.")
    reviewer.confirm_password()
    say.did(f"{reviewer.login.name} (reviewer) votes to approve.")
