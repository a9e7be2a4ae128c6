"""Known flaws of pinned packages, read by hand where no advisory service could be asked, and their answers.

docs/explanation/security.md says what was read and what was not. `make audit` asks the service.
"""

import re
from pathlib import Path
from typing import Final

from packaging.version import Version

ROOT: Final = Path(__file__).parents[2]
READ_ON: Final = "2026-11-21"

# Package → (the version from which the newest flaw that was found is mended, what it is).
MENDED: Final[dict[str, tuple[str, str]]] = {
    "aiohttp": (
        "3.14.3",
        "CVE-2026-69244: service denied by a malformed answer; it asks nobody here",
    ),
    "cryptography": ("50.0.0", "CVE-2026-69247, 69248, 69249: PKCS#7 oracle, certificate paths"),
    "Django": ("5.2.17", "CVE-2026-15307, 15337, 15830, 15920"),
    "django-allauth": ("65.15.0", "limits passed by, verification of addresses, blank passwords, SAML"),
    "djangorestframework": ("3.17.2", "two flaws, without a number"),
    "gunicorn": ("23.0.0", "CVE-2024-6827: requests hidden in others"),
    "lxml": ("6.1.0", "CVE-2026-41066: files read by XML entities"),
    "oauthlib": ("4.0.1", "CVE-2026-49272: device codes"),
    "Pygments": ("2.20.0", "CVE-2026-4539"),
    "PyJWT": ("2.13.0", "CVE-2026-48522 to 48526: signatures that were none"),
    "requests": ("2.33.0", "CVE-2026-25645"),
    "sqlparse": ("0.6.0", "CVE-2026-54284, 59893, 59894, 71491: statements that take long to read"),
    # PYSEC-2026-139 names torch up to 2.10.0 and no version that mends it; it, as CVE-2026-24747, is about
    # checkpoints of pickles, of which none is ever loaded: safetensors alone.
    "torch": ("2.10.1", "CVE-2026-24747, PYSEC-2026-139: checkpoints of pickles, of which none is loaded"),
    "transformers": ("5.10.0", "CVE-2026-4372, 5241, 9856: code and paths from a model's configuration"),
    "urllib3": ("2.7.0", "CVE-2026-44431, 44432"),
}


def pinned() -> dict[str, Version]:
    """The version of each package, as requirements.txt has it, by its name there."""
    found = re.findall(r"^([A-Za-z0-9_.-]+)==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    return {name: Version(version) for name, version in found}


def open_flaws() -> list[str]:
    """What is pinned at a version with a known flaw, or is pinned no more."""
    pins = pinned()
    return [
        f"{name}: {pins.get(name)}, mended in {version}: {what}"
        for name, (version, what) in MENDED.items()
        if name not in pins or pins[name] < Version(version)
    ]
