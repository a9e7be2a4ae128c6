"""Reading the JSON documents of a release (config, index, reference), which a publisher wrote and may have
bent.

Unlike the canonical JSON of weights_vault.sealed these may hold fractions; everything else is as strict.
"""

import json
from typing import NoReturn

from weights_vault.smoke.errors import Malformed

MAX_DOCUMENT_BYTES = 32 * 1024 * 1024  # the index of a model of 175 billion parameters has about 0.2 MiB


def load_document(data: bytes, refusal: type[Malformed]) -> dict[str, object]:
    """The JSON object in `data`.

    Raises: `refusal` when it is not UTF-8, not JSON, not an object, repeats a key, nests too deep, is larger
    than MAX_DOCUMENT_BYTES or holds NaN, an infinity or an integer of thousands of digits.
    """
    if len(data) > MAX_DOCUMENT_BYTES:
        raise refusal(f"the document has {len(data)} bytes; at most {MAX_DOCUMENT_BYTES} are read")

    def pairs(items: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(items)
        if len(found) != len(items):
            # Two readers that keep different ones of two equal keys would see two different models.
            raise refusal("the document repeats a key")
        return found

    def constant(word: str) -> NoReturn:
        raise refusal(f"the document holds {word}, which is not JSON")

    try:
        found = json.loads(data.decode("utf-8"), object_pairs_hook=pairs, parse_constant=constant)
    except (ValueError, RecursionError) as error:
        raise refusal(f"the document is not JSON: {type(error).__name__}") from error
    if not isinstance(found, dict):
        raise refusal("the document is not a JSON object")
    return found
