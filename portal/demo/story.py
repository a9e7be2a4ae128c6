"""The main job, step by step: a folder of weights becomes a recipient who proves that they work.

Every step goes through the doors that people use: commands for the publisher, pages over HTTP for the
researcher and the legal staff, `weights` for the recipient. A step that does not hold ends the demo.
"""

import time

from django.core.management import call_command

from portal.demo import publisher, recipient, researcher, staff
from portal.demo.narrator import Narrator
from portal.demo.person import Login, Person
from portal.demo.place import Place
from portal.demo.processes import Portal

RELEASE = publisher.RELEASE


def run(place: Place) -> None:
    """Walk the demo. Raises DemoError at the first step that does not do what it says."""
    started = time.monotonic()
    say = Narrator()
    place.start_over()
    people = staff.people(place)
    applicant = place.new_login("researcher", "Noor Haddad", "noor@university.example")
    place.keep_logins([applicant, *people])

    say.chapter("The publisher makes a model and seals it")
    call_command("migrate", verbosity=0)
    staff.engage(people)
    with Portal(place.url, place.port, place.logs) as portal:
        publisher.make_model(place, say)
        publisher.publish(place, say)
        portal.wait_until_ready()
        say.did(f"The portal is open at {place.url}: a web server and a worker of its own.")
        _license(place, say, applicant, people)
        with Person(place.url, applicant, place.mailbox) as noor:
            recipient.run(place, say, noor)
    say.summary(place, seconds=time.monotonic() - started)


def _license(place: Place, say: Narrator, applicant: Login, people: list[Login]) -> None:
    """Request, two votes, signature: each by its person, on the pages."""
    say.chapter("A researcher asks, two reviewers decide, the researcher signs")
    with Person(place.url, applicant, place.mailbox) as noor:
        researcher.sign_up(noor, say)
        request = researcher.ask(noor, RELEASE, say)
        recipient.is_refused(place, say, noor, code="request_pending")
        for login in (person for person in people if person.role in ("legal_lead", "reviewer")):
            with Person(place.url, login, place.mailbox) as reviewer:
                staff.approve(reviewer, request, say)
        researcher.sign(noor, request, say)
