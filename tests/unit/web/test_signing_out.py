"""ASVS 7.4.4: whoever is signed in finds the way out on each page."""

from tests.unit.web.conftest import OpenAs
from tests.unit.web.test_headers import every_path
from tests.unit.web.world import World


def test_each_page_of_somebody_who_is_signed_in_signs_them_out(open_as: OpenAs, world: World) -> None:
    client, without, seen = open_as("rosa"), [], 0
    # The page that signs out is asked last, and the questions for a proof leave for nothing else.
    for path in (each for each in every_path() if "logout" not in each and not each.startswith("/static/")):
        answer = client.get(path)
        if answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html"):
            seen += 1
            if b'action="/accounts/logout/"' not in answer.content:
                without.append(path)
    assert without == []
    assert seen > 20
