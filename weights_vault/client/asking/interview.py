"""The whole form asked at a terminal, each answer kept at the portal before the next question."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from weights_vault.client.asking.checking import checked
from weights_vault.client.asking.form import REQUIRED, Said
from weights_vault.client.errors import IntegrityFailure

if TYPE_CHECKING:
    from weights_vault.client.asking.sending import Application
    from weights_vault.client.asking.terminal import Terminal


def interview(application: Application, terminal: Terminal) -> Said:
    """Ask everything, and return what was said, which fits the form."""
    form = application.form
    said = form.earlier
    known = {question.id for question in form.questions}
    said = replace(said, answers={name: each for name, each in said.answers.items() if name in known})
    for number, question in enumerate(form.questions, 1):
        place = f"{number}/{len(form.questions)}"
        answer = terminal.answer(question, place, said.answers.get(question.id))
        answers = {**said.answers, question.id: answer}
        said = replace(
            said, answers={name: each for name, each in answers.items() if each not in ("", False)}
        )
        application.keep(said)
    if form.renewal:
        terminal.say("", "What did you do with the weights so far? A few sentences.")
        said = replace(said, summary_of_use=_needed(terminal, said.summary_of_use))
        application.keep(said)
    if form.evidence and not said.evidence:
        said = replace(said, evidence=_evidence(application, terminal))
        application.keep(said)
    said = _team(application, terminal, said)
    return replace(said, license_sha256=_license(application, terminal))


def _needed(terminal: Terminal, known: str) -> str:
    while not (said := terminal.text("What did you do with the weights so far?", known)):
        terminal.say("  this is needed")
    return said


def _evidence(application: Application, terminal: Terminal) -> dict[str, Any]:
    """Pages or one person that show who somebody is; asked again until they would be taken."""
    required = application.form.evidence == REQUIRED
    needed = "needed: your mail address does not say" if required else "may stay empty"
    terminal.say("", f"Who are you? Pages that show it, each beginning with https:// ({needed}).")
    while True:
        profiles = terminal.ask("  pages, separated by blanks").split()
        evidence: dict[str, Any] = {"profiles": profiles} if profiles else {}
        if required and not profiles:
            terminal.say("  Or somebody who knows your work:")
            person = {name: terminal.ask(f"  their {name}") for name in ("name", "email", "relation")}
            evidence = {"references": [person]}
        _, faults = checked({"evidence": evidence}, application.form, complete=False)
        if not faults:
            return evidence
        terminal.say(*(f"  {fault.said}" for fault in faults))


def _team(application: Application, terminal: Terminal, said: Said) -> Said:
    form, asked = application.form, list(said.co_applicants)
    if form.max_co_applicants > len(asked):
        terminal.say("", f"Who asks together with you, at most {form.max_co_applicants}? Empty for nobody.")
    while len(asked) < form.max_co_applicants and (name := terminal.ask("  name")):
        asked.append({"name": name, "email": _address(terminal)})
    signatory = said.signatory
    if form.signatory and not signatory:
        terminal.say("", "Who signs for your institution, after the approval?")
        name = ""
        while not name:
            name = terminal.ask("  name")
        signatory = {"name": name, "email": _address(terminal)}
    return replace(said, co_applicants=tuple(asked), signatory=signatory)


def _address(terminal: Terminal) -> str:
    while "@" not in (email := terminal.ask("  mail address")):
        terminal.say("  this is not a mail address")
    return email


def _license(application: Application, terminal: Terminal) -> str:
    """The hash of the license text, which the person was offered to read and which is what it says."""
    from weights_vault.client.licensing import license_text

    license_ = application.form.license
    terminal.say("", f"The license under which you ask: {license_}.")
    if terminal.agrees("Read it here now?"):
        found = license_text(application.api, license_.id)
        if found.sha256 != license_.sha256:
            raise IntegrityFailure(
                "license-text-wrong",
                "The license text is not the one that the release names.",
                f"Its SHA-256 is {found.sha256}, and not {license_.sha256}.",
                "Nothing was sent. Tell the portal's staff.",
            )
        terminal.say("", *found.text.splitlines(), "")
    return license_.sha256
