"""A process of its own that serves the portal: a call a line of its input, an answer a line of its output."""

import json
import sys
from urllib.parse import urlencode

import django

django.setup()

from django.test import Client  # noqa: E402

FORM = "application/x-www-form-urlencoded"


def main() -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        if asked["path"] == "me":
            answer = Client(HTTP_HOST="localhost").get(
                "/api/v1/me", headers={"Authorization": f"Bearer {asked['form']['bearer']}"}
            )
        else:
            answer = Client(HTTP_HOST="localhost").post(
                f"/identity/o/api/{asked['path']}",
                urlencode({"client_id": "weights", **asked["form"]}),
                content_type=FORM,
            )
        print(json.dumps({"status": answer.status_code, "body": json.loads(answer.content)}), flush=True)


main()
