"""How the vault's commands report what went wrong: what happened, why, what to do."""

from django.core.management.base import CommandError

from portal.core.problems import Invalid, Problem


def as_command_error(problem: Problem) -> CommandError:
    """The problem as lines for standard error: title and code, details, next step."""
    lines = [f"{problem.title} ({problem.code})"]
    if problem.detail:
        lines.append(problem.detail)
    if isinstance(problem, Invalid):
        for field, messages in problem.errors.items():
            lines += [f"  {field}: {message}" if field else f"  {message}" for message in messages]
    if problem.next_step:
        lines.append(f"→ {problem.next_step}")
    return CommandError("\n".join(lines))
