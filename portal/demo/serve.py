"""`make serve`: the demo's portal, open until Ctrl-C, with its logins printed."""

import signal

from django.core.management import call_command
from rich.console import Console
from rich.table import Table

from portal.demo import story
from portal.demo.place import Place
from portal.demo.processes import Portal


def run(place: Place) -> None:
    """Serve the portal that the last demo left; without one, walk the demo first."""
    if not place.has_a_portal:
        story.run(place)
    console = Console(highlight=False)
    call_command("migrate", verbosity=0)
    with Portal(place.url, place.port, place.logs) as portal:
        portal.wait_until_ready()
        table = Table("who", "sign in as", "password", title="Demo logins", title_justify="left")
        for login in place.logins():
            table.add_row(login.role.replace("_", " "), login.email, login.password)
        console.print(table)
        console.print(f"\nThe portal is open at [bold]{place.url}[/bold] — Ctrl-C ends it.")
        console.print("Staff sign in without a second factor here (STAFF_MFA=off): for this demo alone.")
        try:
            signal.pause()
        except KeyboardInterrupt:
            console.print("Ending.")
