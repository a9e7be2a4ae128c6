"""request: ask for access to one or more releases of a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from weights_vault.client.errors import WrongUsage
from weights_vault.client.workplace import Workplace

if TYPE_CHECKING:
    from weights_vault.client.asking.form import Said
    from weights_vault.client.asking.sending import Application
    from weights_vault.client.asking.terminal import Terminal
    from weights_vault.client.output import Output
    from weights_vault.client.releases import ReleaseName

MOST_SHOWN = 200  # characters of one answer in the summary


def request(
    context: typer.Context,
    releases: Annotated[
        list[str],
        typer.Argument(metavar="RELEASE", help="One release, or several of a model under the same terms."),
    ],
    answers: Annotated[
        str | None,
        typer.Option("--answers", metavar="FILE", help="Your answers, TOML or JSON; - reads stdin."),
    ] = None,
    template: Annotated[
        bool, typer.Option("--template", help="Print the file to fill in (with --json as JSON), and leave.")
    ] = False,
    draft: Annotated[
        bool, typer.Option("--draft", help="Keep it at the portal without sending it; it may have gaps.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Send it without asking once more.")] = False,
) -> None:
    """Ask for access. Goes on with a request that you began, or that was returned to you; renews a grant."""
    from weights_vault.client.asking.answer_file import read_answers
    from weights_vault.client.asking.sending import application_for
    from weights_vault.client.asking.terminal import Terminal

    work: Workplace = context.obj
    names = _names(releases)
    if template and answers is not None:
        raise WrongUsage(
            "template-and-answers",
            "--template and --answers do not go together.",
            "One prints the file to fill in, the other sends it.",
            f"First: weights request {' '.join(releases)} --template > answers.toml",
        )
    file = read_answers(answers) if answers is not None else None
    with work.portal() as api:
        application = application_for(api, names)
        if template:
            _print_template(application, work.output)
            return
        if application.refusal is not None:
            raise application.refusal
        _tell_of_return(application, work.output)
        if file is not None:
            said = file.said(application.form, complete=not draft)
            may_ask = Terminal.is_there() and answers != "-"
            terminal = Terminal(work.output, work.settings.environment) if may_ask else None
        else:
            terminal = _terminal(work, releases)
            said = _interview(application, terminal, work.output)
        _finish(application, said, work.output, terminal, draft=draft, yes=yes)


def _names(releases: list[str]) -> list[ReleaseName]:
    from weights_vault.client.releases import parse_release

    names = [parse_release(each) for each in dict.fromkeys(releases)]
    for name in names:
        if name.revision is not None:
            raise WrongUsage(
                "release-name-unusable",
                "Access is asked for releases, not for revisions.",
                f"{name} names one.",
                f"weights request {name.release}",
            )
    return names


def _print_template(application: Application, output: Output) -> None:
    from weights_vault.client.asking.template import json_of, toml_of

    if application.refusal is not None:
        output.warning("cannot-ask-now", application.refusal.why, application.refusal.next_step)
    if output.as_json:
        output.result(json_of(application.form))
    else:
        output.exact(toml_of(application.form, application.api.portal))


def _tell_of_return(application: Application, output: Output) -> None:
    form = application.form
    if application.request is not None:
        output.message(f"going on with {application.id}")
    elif application.grant:
        output.message(f"this renews your grant {application.grant}")
    if form.asked_for:
        output.message("The reviewers ask you to change something:")
        for line in form.asked_for.splitlines():
            output.message(f"  {line}")


def _terminal(work: Workplace, releases: list[str]) -> Terminal:
    from weights_vault.client.asking.terminal import Terminal

    if work.output.as_json or not Terminal.is_there():
        raise WrongUsage(
            "answers-missing",
            "There are no answers.",
            "Without --answers the questions are asked on a terminal; there is none, or --json was given.",
            f"weights request {' '.join(releases)} --template > answers.toml; then --answers answers.toml",
        )
    return Terminal(work.output, work.settings.environment)


def _interview(application: Application, terminal: Terminal, output: Output) -> Said:
    from weights_vault.client.asking.interview import interview

    terminal.say(
        f"{application.form.title}: {len(application.form.questions)} questions.",
        "Each answer is saved as a draft at once; Ctrl-C leaves, and the same command goes on.",
    )
    return interview(application, terminal)


def _finish(
    application: Application,
    said: Said,
    output: Output,
    terminal: Terminal | None,
    *,
    draft: bool,
    yes: bool,
) -> None:
    """Keep it as a draft, or show what will be sent, ask once more, and send it."""
    names = " ".join(application.form.releases)
    if draft:
        kept = application.keep(said)
        output.result(
            kept,
            f"{application.id} is kept as a draft. Nobody reads it before you send it.",
            f"next: weights request {names} --answers FILE   (or {kept.get('url')})",
        )
        return
    _agree(application, said, output, terminal, yes=yes)
    application.keep(said)
    if said.license_sha256 == application.form.license.sha256:
        application.ask_team(said, output)  # nobody is asked into a request that is going to be refused
    sent = application.send(said, output)
    from weights_vault.client.asking.standing import next_of
    from weights_vault.client.output import moment_text

    output.result(
        sent,
        f"{application.id} is with the reviewers: {application.form.title}.",
        f"An answer is meant to come by {moment_text(str(sent.get('due_at') or ''))}; you get mail.",
        f"follow: weights requests {application.id}   (or {sent.get('url')})",
        *([f"next: {next_of(sent)}"] if sent.get("waits_for") == "you" else []),
    )


def _agree(
    application: Application, said: Said, output: Output, terminal: Terminal | None, *, yes: bool
) -> None:
    """Show what will be sent, and see that the person wants it. Raises: WrongUsage, KeyboardInterrupt."""
    from weights_vault.client.errors import Interrupted

    form = application.form
    if yes:
        for line in _summary(application, said):
            output.message(line)
        return
    if terminal is None:
        raise WrongUsage(
            "confirmation-missing",
            "Nothing was sent: nobody could be asked whether to send it.",
            "There is no terminal, and --yes was not given.",
            f"Look at it with --draft, then: weights request {' '.join(form.releases)} --answers FILE --yes",
        )
    terminal.say(*_summary(application, said))
    if not terminal.agrees(f"Send this, and ask under {form.license}?"):
        raise Interrupted(
            "not-sent",
            "Nothing was sent.",
            "You said no.",
            "Change what you like and run the command again.",
        )


def _summary(application: Application, said: Said) -> list[str]:
    form = application.form
    shown = [(question.label, said.answers.get(question.id, "-")) for question in form.questions]
    people = [f"{each['name']} <{each['email']}>" for each in said.co_applicants]
    lines = [
        "This will be sent:",
        f"  releases: {' '.join(form.releases)}",
        f"  license: {form.license} (SHA-256 {said.license_sha256}), for {form.grant_days} days",
        *(f"  {label} → {_brief(answer)}" for label, answer in shown),
    ]
    if form.renewal:
        lines.append(f"  what you did so far: {_brief(said.summary_of_use)}")
    lines += [f"  page that shows who you are: {each}" for each in said.evidence.get("profiles", [])]
    lines += [
        f"  knows your work: {each['name']} <{each['email']}>" for each in said.evidence.get("references", [])
    ]
    lines += [f"  asks together with you, and is asked by mail: {each}" for each in people]
    if said.signatory:
        lines.append(f"  signs for your institution: {said.signatory['name']} <{said.signatory['email']}>")
    return lines


def _brief(answer: object) -> str:
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    said = " ".join(str(answer).split())
    return said if len(said) <= MOST_SHOWN else f"{said[:MOST_SHOWN]}… ({len(said):,} characters)"
