"""Example licenses: starting points for an organization's own, each a text and its structured terms.

None of them is legal advice; each text says so in its first lines, and the pages say so beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

NOTICE: Final = "A starting point, not legal advice."
_FOLDER: Final = Path(__file__).parent


@dataclass(frozen=True)
class Example:
    """slug: name of its file beside this one. said: for whom it is meant, in a sentence."""

    slug: str
    name: str
    said: str
    terms: Mapping[str, Any]

    @property
    def text(self) -> str:
        return (_FOLDER / f"{self.slug}.md").read_text(encoding="utf-8")


EXAMPLES: Final = {
    example.slug: example
    for example in (
        Example(
            "noncommercial-research",
            "Noncommercial research license",
            "Large weights given to researchers one by one: study, no products, no passing on.",
            {
                "noncommercial": True,
                "field_of_use": [
                    "Military use or weapons",
                    "Surveillance of people",
                    "Decisions about a person without a human",
                ],
                "copies": 5,
                "publication": ["credit", "no_weights_in_papers", "send_preprint"],
                "redistribution": "team",
                "derivatives": "own_use",
                "term_days": 365,
                "destruction": "within_30_days",
                "governing_law": "",
            },
        ),
        Example(
            "responsible-use",
            "Responsible use license",
            "Any purpose, commercial too, but for a list of harmful ones that goes along with every copy.",
            {
                "noncommercial": False,
                "field_of_use": [
                    "Harm to children",
                    "Deceiving people about who or what they talk to",
                    "Harassment and discrimination",
                    "Surveillance of people",
                    "Weapons and attacks on computer systems",
                ],
                "copies": None,
                "publication": ["credit", "report_harms"],
                "redistribution": "same_license",
                "derivatives": "same_license",
                "term_days": None,
                "destruction": "on_request",
                "governing_law": "",
            },
        ),
        Example(
            "commercial-small-model",
            "Commercial license for a small model",
            "A small model that companies may build on: use within the organization, outputs are theirs.",
            {
                "noncommercial": False,
                "field_of_use": ["Breaking the law", "Military use or weapons"],
                "copies": 50,
                "publication": ["credit"],
                "redistribution": "organization",
                "derivatives": "own_use",
                "term_days": 730,
                "destruction": "within_30_days",
                "governing_law": "",
            },
        ),
    )
}
