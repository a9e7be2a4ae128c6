"""The entry point of `weights`: reads the command line, runs one command, turns every end into an exit code.

Importing this module loads typer and nothing heavy; each command imports what it needs.
"""

from __future__ import annotations

import gc
import io
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from weights_vault.client.arguments import globals_first, refuse_secrets, wants_json
from weights_vault.client.commands import (
    account,
    audit,
    catalog,
    close_out,
    download,
    grants,
    keys,
    request,
    requests,
    sign,
    smoke_test,
    verify,
)
from weights_vault.client.errors import (
    EXIT_DONE,
    ClientError,
    Interrupted,
    MachineFault,
    WrongUsage,
    machine_fault,
)
from weights_vault.client.home import Home, home_folder
from weights_vault.client.output import Output
from weights_vault.client.redaction import redact
from weights_vault.client.settings import settings_from
from weights_vault.client.version import version
from weights_vault.client.workplace import Workplace

PROGRAM = "weights"
LAST_ERROR = "last-error.txt"
# Loading makes objects that stay: looking for garbage among them every 700 costs 15 ms of each command.
GARBAGE_OBJECTS = 20_000
# \b keeps the lines of a paragraph as they are, in any width.
_EXIT_CODES = """\b
Exit codes:
    0  done                          6  incomplete: run again to resume
    1  a mistake in weights itself   7  this machine's disk or memory
    2  wrong usage                   8  the smoke test failed
    3  not signed in                 9  the portal is at fault
    4  not allowed                  10  network out of reach, or clock wrong
    5  not what was published      130  interrupted

\b
First steps:
  weights login --portal https://weights.example.org
  weights releases
  weights request RELEASE       (then: weights requests)
  weights sign REQUEST          (once it is approved)
  weights download RELEASE
  weights smoke-test RELEASE
"""
_EPILOG = """\b
Global options may stand anywhere:
  --json, --quiet, --portal URL, --portal-key FINGERPRINT
"""

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain text reads well in any width, and loads quicker
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="Download, decrypt, verify and smoke-test model weights of a Weights Portal.",
    epilog=_EXIT_CODES,
)
for _name, _command, _short in (
    ("login", account.login, "Sign in by a browser on any machine, or with a token."),
    ("logout", account.logout, "Sign this machine out."),
    ("whoami", account.whoami, "Show who you are, and until when you are signed in."),
    ("releases", catalog.releases, "List releases, and whether you may download them."),
    ("show", catalog.show, "Show a release: license, files, where you stand."),
    ("request", request.request, "Ask for access to a release, or renew it."),
    ("requests", requests.requests, "Where your requests stand; write to the reviewers."),
    ("sign", sign.sign, "Read and sign the license of an approved request."),
    ("grants", grants.grants, "List your grants: until when, and what they need."),
    ("download", download.download, "Download, check and open a release; resumable."),
    ("verify", verify.verify, "Check a downloaded folder; needs no network."),
    ("smoke-test", smoke_test.smoke_test, "Prove that the weights load and compute the same."),
    ("close-out", close_out.close_out, "Give a grant back, with a certificate."),
):
    app.command(_name, short_help=_short, epilog=_EPILOG)(_command)
app.add_typer(keys.app, name="keys", short_help="Create, add, list and remove your keys.", epilog=_EPILOG)
app.add_typer(audit.app, name="audit", short_help="Check proofs from the audit log, offline.", epilog=_EPILOG)

_NAMES = [*(each.name for each in app.registered_commands if each.name), "keys", "audit"]


def _say_version(context: typer.Context, wanted: bool) -> None:
    """Eager: it needs no command, no portal and no settings."""
    if wanted:
        output: Output = context.obj
        output.result({"version": version()}, f"{PROGRAM} {version()}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    portal: Annotated[
        str | None,
        typer.Option(
            "--portal", metavar="URL", help="The portal; else WEIGHTS_PORTAL, else the last login's."
        ),
    ] = None,
    portal_key: Annotated[
        str | None,
        typer.Option(
            "--portal-key", metavar="FINGERPRINT", help="Its root key's fingerprint; else WEIGHTS_PORTAL_KEY."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress and no messages.")] = False,
    _version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_say_version, help="Show the version and leave."),
    ] = False,
) -> None:
    """Take the global options."""
    settings = settings_from(portal=portal, portal_key=portal_key, as_json=as_json, quiet=quiet)
    context.obj = Workplace(settings, Output(as_json=as_json, quiet=quiet))


def main() -> None:
    """Run the command line and leave with one of the exit codes of weights_vault.client.errors."""
    _open_missing_streams()
    gc.set_threshold(GARBAGE_OBJECTS)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a character is no reason to fail
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except OSError:
        # Said already; the interpreter would say it again at its end, and change the exit code.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    gc.freeze()  # the interpreter's end would look through everything once more, for 20 ms
    sys.exit(code)


def _open_missing_streams() -> None:
    """Put nothing where a standard stream was closed, before a file of ours takes its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - to the end


def run(arguments: Sequence[str]) -> int:
    """Run one command line. Returns: its exit code; everything worth saying is said."""
    output = Output(as_json=wants_json(arguments))
    try:
        refuse_secrets(arguments)
        return _run(arguments)
    except ClientError as error:
        output.error(error)
        return error.exit_code
    except KeyboardInterrupt:
        output.error(_interrupted())
        return Interrupted.exit_code
    except Exception as error:
        fault = _fault(error)
        output.error(fault)
        return fault.exit_code


def _run(arguments: Sequence[str]) -> int:
    try:
        code = app(
            args=globals_first(arguments) or ["--help"],
            prog_name=PROGRAM,
            standalone_mode=False,
            obj=Output(as_json=wants_json(arguments)),  # for who speaks before the global options are read
        )
    except typer.TyperException as error:
        raise _usage(error, arguments) from None
    except typer.Abort:
        raise _interrupted() from None
    if code == Interrupted.exit_code:
        raise _interrupted()
    return code if isinstance(code, int) else EXIT_DONE


def _usage(error: typer.TyperException, arguments: Sequence[str]) -> WrongUsage:
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else PROGRAM
    if context is None:  # an option without its value: typer forgets whose
        command = next((f"{PROGRAM} {word}" for word in arguments if word in _NAMES), PROGRAM)
    usage = context.get_usage().removeprefix("Usage: ") if context is not None else f"{command} …"
    names = getattr(context.command, "commands", {}) if context is not None else {}
    said = error.format_message()
    commands = f" Commands: {', '.join(names)}." if names else ""
    if "extra argument" in said and "://" in said:
        commands = " The portal's address stands behind --portal."
    return WrongUsage(
        "wrong-usage",
        "This command line is not understood.",
        f"{said if said.endswith(('.', '?')) else f'{said}.'}{commands}",
        f"Usage: {' '.join(usage.split())}   (`{command} --help` explains it)",
    )


def _interrupted() -> Interrupted:
    return Interrupted(
        "interrupted", "The command was interrupted.", "You stopped it.", "Run it again when you like."
    )


def _fault(error: Exception) -> ClientError:
    """Words for what no command foresaw: a file, the memory, or a mistake of ours.

    The traceback of a mistake goes to a file, without values of variables and without secrets.
    """
    if isinstance(error, MemoryError):
        return MachineFault(
            "memory-short",
            "This machine has not enough memory.",
            "An allocation failed.",
            "Close other programs, or use fewer --jobs. What was downloaded is kept.",
        )
    if isinstance(error, OSError) and error.filename is not None:
        return machine_fault(error, "A file cannot be used.")
    home = Home(home_folder(os.environ))
    try:
        place = str(home.write_private(LAST_ERROR, redact("".join(traceback.format_exception(error)))))
    except ClientError:
        place = "no file could be written"
    return ClientError(
        "unexpected-failure",
        "This is a mistake in `weights` itself.",
        f"{type(error).__name__}; details: {place}",
        "Please report it with that file; it holds no secrets. Running the command again may help.",
    )


if __name__ == "__main__":
    main()
