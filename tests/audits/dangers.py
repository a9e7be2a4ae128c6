"""What the server must not do, read from its code: what bandit does not ask, or is answered for.

Each rule finds calls in the tree of a module; `ANSWERS` has the modules that may, and why. A call that is new
fails, and so does an answer that nothing asks for any more.
"""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
# The recipients' command asks whom its user names; the demo plays its own recipient.
OF_THE_SERVER: Final = ("portal", "licenses", "weights_vault")
ELSEWHERE: Final = ("weights_vault/client/", "portal/demo/")

_EVALUATES: Final = {"eval", "exec", "compile", "__import__", "from_string", "Template"}
_UNPACKS: Final = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}
_QUERIES: Final = {"execute", "executemany", "executescript", "raw", "extra", "RawSQL"}
_NETWORK: Final = {"aiohttp", "boto3", "ftplib", "http.client", "httpx", "requests", "smtplib", "socket",
                   "telnetlib", "urllib.request", "urllib3", "xmlrpc"}  # fmt: skip
_BROKEN: Final = {"ECB", "MD5", "SHA1", "md5", "sha1", "ARC4", "Blowfish", "CAST5", "DES", "IDEA", "RC2",
                  "TripleDES", "PKCS1v15"}  # fmt: skip

ANSWERS: Final[dict[str, dict[str, str]]] = {
    "evaluates": {},
    "unpacks": {},
    "shell": {},
    "broken ciphers": {
        "weights_vault/storage/s3_writers.py": "MD5, which S3 wants of a part beside SHA-256, guards nothing",
    },
    "queries that are put together": {
        "licenses/immutable.py": "triggers, from the names of our own tables",
        "portal/accounts/presence.py": "one of two constants",
        "portal/core/append_only.py": "triggers, from the names of our own tables",
        "portal/core/limits.py": "one of two constants",
        "portal/core/log/triggers.py": "triggers, from the names of our own tables",
        "portal/web/views/doors.py": "hands on what the ORM made, and counts it",
        "weights_vault/immutable.py": "triggers, from the names of our own tables",
    },
    "patterns that are put together": {
        "portal/core/letters.py": "what tells an address of ours; the address itself is escaped",
        "weights_vault/smoke/architectures.py": "names of layers, from the library that loads the model",
    },
    "asks the network": {
        "licenses/agreements/stamp.py": "TIMESTAMP_URL",
        "portal/accounts/provider_answers.py": "the providers of the settings: names an error of theirs",
        "portal/core/keys/kms.py": "MASTER_KEY",
        "portal/core/log/witnesses.py": "LOG_WITNESSES",
        "portal/core/tasks.py": "asks nobody: the name of this machine",
        "weights_vault/keeping/door.py": "KEEPER, a Unix socket",
        "weights_vault/keeping/server.py": "KEEPER, a Unix socket",
        "weights_vault/keeping/wire.py": "KEEPER, a Unix socket",
        "weights_vault/storage/s3.py": "STORAGE_URL",
        "weights_vault/storage/s3_client.py": "STORAGE_URL",
        "weights_vault/storage/s3_credentials.py": "STORAGE_URL",
        "weights_vault/storage/s3_errors.py": "STORAGE_URL",
    },
}


def _evaluates(node: ast.AST) -> bool:
    """Text that becomes code or a template; a method of that name (`model.eval()`) is another thing."""
    if not isinstance(node, ast.Call):
        return False
    name = _name(node.func)
    return name in _EVALUATES and (isinstance(node.func, ast.Name) or name == "from_string")


def _unpacks(node: ast.AST) -> bool:
    return any(module.partition(".")[0] in _UNPACKS for module in _imported(node))


def _shell(node: ast.AST) -> bool:
    """A program started through a shell, or by one text instead of a list."""
    if not isinstance(node, ast.Call):
        return False
    name, whose = _name(node.func), _name(getattr(node.func, "value", None))
    if (whose, name) in (("os", "system"), ("os", "popen")) or name == "create_subprocess_shell":
        return True
    if any(each.arg == "shell" for each in node.keywords):
        return True
    return whose == "subprocess" and any(_is_text(each) for each in node.args[:1])


def _broken(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute | ast.Name) and _name(node) in _BROKEN


def _query(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call) or _name(node.func) not in _QUERIES:
        return False
    # `super().execute(…)` of a command runs a command.
    return bool(node.args) and not _is_constant(node.args[0]) and not isinstance(node.args[0], ast.Starred)


def _pattern(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and _of_re(node) and bool(node.args) and not _is_constant(node.args[0])


def _network(node: ast.AST) -> bool:
    return any(
        module == each or module.startswith(f"{each}.") for module in _imported(node) for each in _NETWORK
    )


RULES: Final[dict[str, Callable[[ast.AST], bool]]] = {
    "evaluates": _evaluates,
    "unpacks": _unpacks,
    "shell": _shell,
    "broken ciphers": _broken,
    "queries that are put together": _query,
    "patterns that are put together": _pattern,
    "asks the network": _network,
}


def found(rule: str, code: str) -> list[int]:
    """The lines of `code` that one of RULES finds."""
    return [getattr(node, "lineno", 0) for node in ast.walk(ast.parse(code)) if RULES[rule](node)]


def modules() -> Iterator[tuple[str, str]]:
    """Yield each module of the server: its path and its code."""
    for top in OF_THE_SERVER:
        for path in sorted((ROOT / top).rglob("*.py")):
            name = str(path.relative_to(ROOT))
            if not name.startswith(ELSEWHERE):
                yield name, path.read_text()


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [each.name for each in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module or "", *(f"{node.module}.{each.name}" for each in node.names)]
    return []


def _name(node: ast.AST | None) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def _of_re(node: ast.Call) -> bool:
    return _name(getattr(node.func, "value", None)) == "re" and _name(node.func) != "escape"


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _is_constant(node: ast.AST) -> bool:
    """Written out, a constant of the module (in capitals), escaped, or put together from these alone."""
    if isinstance(node, ast.Constant):
        return True
    if isinstance(node, ast.Name | ast.Attribute):
        return _name(node).isupper()
    if isinstance(node, ast.JoinedStr):
        return all(map(_is_constant, node.values))
    if isinstance(node, ast.FormattedValue):
        return _is_constant(node.value)
    if isinstance(node, ast.BinOp):
        return _is_constant(node.left) and _is_constant(node.right)
    if isinstance(node, ast.Call) and _name(node.func) == "escape":
        return True
    return isinstance(node, ast.Call) and _name(node.func) == "join" and all(map(_is_constant, node.args))
