"""What bandit finds in the code that runs, and why each finding is none: (test, file) → (how many, why).

A new finding has no answer and fails `make check`; so does an answer that nothing asks for any more.
"""

from typing import Final

_LIST: Final = "a list of arguments, no shell; the program is our own or named by the settings"
_NO_PASSWORD: Final = "names of tokens of text, no password"
_DEMO: Final = "the demo alone, with arguments of its own"

ANSWERS: Final[dict[tuple[str, str], tuple[int, str]]] = {
    ("B404", "licenses/agreements/render.py"): (1, "runs the PDF compiler apart, so that it can be ended"),
    ("B603", "licenses/agreements/render.py"): (1, _LIST),
    ("B608", "licenses/immutable.py"): (1, "names of our own tables and columns in a trigger"),
    ("B608", "portal/accounts/presence.py"): (1, "the name of our own table; values are parameters"),
    ("B311", "portal/core/jobs.py"): (1, "spreads retries over time, guards nothing"),
    ("B404", "portal/demo/commands.py"): (1, _DEMO),
    ("B603", "portal/demo/commands.py"): (1, _DEMO),
    ("B311", "portal/demo/crowd/plan.py"): (1, "made-up people, the same each time"),
    ("B606", "portal/demo/management/commands/demo.py"): (1, "starts itself anew with other settings"),
    ("B404", "portal/demo/processes.py"): (1, _DEMO),
    ("B603", "portal/demo/processes.py"): (1, _DEMO),
    ("B404", "portal/demo/publisher.py"): (1, _DEMO),
    ("B603", "portal/demo/publisher.py"): (1, _DEMO),
    ("B404", "portal/demo/recipient.py"): (1, _DEMO),
    ("B603", "portal/demo/recipient.py"): (3, _DEMO),
    ("B101", "portal/demo/recipient.py"): (1, "tells the type checker what the line above asked for"),
    ("B105", "portal/demo/small_opt.py"): (8, _NO_PASSWORD),
    ("B105", "portal/settings/base.py"): (3, "names of form classes"),
    ("B105", "portal/settings/test.py"): (1, "signs nothing outside a temporary folder"),
    ("B308", "portal/web/forms/choosing.py"): (1, "a constant"),
    ("B703", "portal/web/markdown.py"): (1, "sanitized by nh3 in the line above"),
    ("B308", "portal/web/markdown.py"): (1, "sanitized by nh3 in the line above"),
    ("B105", "portal/web/ways.py"): (1, "the name of a page"),
    ("B404", "weights_vault/client/asking/terminal.py"): (1, "opens the person's own editor"),
    ("B603", "weights_vault/client/asking/terminal.py"): (1, "the editor that the person named, as a list"),
    ("B404", "weights_vault/gate.py"): (1, "the smoke test runs in a confined process of its own"),
    ("B603", "weights_vault/gate.py"): (1, _LIST),
}
