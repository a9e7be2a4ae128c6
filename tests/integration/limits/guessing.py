"""A process of its own that guesses a password over and over; prints the status of each answer."""

import json
import sys

import django

django.setup()

from django.test import Client  # noqa: E402


def main() -> None:
    email, times = sys.argv[1], int(sys.argv[2])
    sys.stdin.readline()  # all of them begin together
    form = {"login": email, "password": "a wrong password"}
    answers = [
        Client(REMOTE_ADDR="192.0.2.1", HTTP_HOST="localhost").post("/accounts/login/", form)
        for _ in range(times)
    ]
    print(json.dumps([answer.status_code for answer in answers]))


main()
