"""Bech32 (BIP 173) as age uses it: no length limit, canonical only.

The caller bounds the length of the text. No message holds any of it: it may be a private key.

Specification: docs/reference/sealed-format.md, section 5.
"""

from .errors import KeyMalformed

_CHARSET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_VALUES = {character: value for value, character in enumerate(_CHARSET)}
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CHECKSUM_LENGTH = 6


def encode(prefix: str, data: bytes) -> str:
    """Return the lower-case Bech32 text of `data` under a lower-case `prefix`."""
    values = _to_groups(data)
    return prefix + "1" + "".join(_CHARSET[value] for value in values + _checksum(prefix, values))


def decode(text: str) -> tuple[str, bytes]:
    """Return the prefix, in the text's own case, and the data.

    Raises: KeyMalformed: mixed case, foreign characters, wrong checksum, or padding that is not zero.
    """
    lowered = text.lower()
    if text not in (lowered, text.upper()):
        raise KeyMalformed("the key mixes upper and lower case")
    prefix, separator, payload = lowered.rpartition("1")
    if not separator or not prefix or not all("!" <= character <= "~" for character in prefix):
        raise KeyMalformed("the key has no prefix that ends in 1")
    if any(character not in _VALUES for character in payload) or len(payload) < _CHECKSUM_LENGTH:
        raise KeyMalformed("the key has characters that no key has, or is cut short")
    values = [_VALUES[character] for character in payload]
    if _polymod(_expand(prefix) + values) != 1:
        raise KeyMalformed("the key's checksum is wrong: a character was changed or lost")
    return text[: len(prefix)], _from_groups(values[:-_CHECKSUM_LENGTH])


def _polymod(values: list[int]) -> int:
    checksum = 1
    for value in values:
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(_GENERATOR):
            if top >> bit & 1:
                checksum ^= generator
    return checksum


def _expand(prefix: str) -> list[int]:
    return [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]


def _checksum(prefix: str, values: list[int]) -> list[int]:
    polymod = _polymod(_expand(prefix) + values + [0] * _CHECKSUM_LENGTH) ^ 1
    return [polymod >> 5 * (5 - i) & 31 for i in range(_CHECKSUM_LENGTH)]


def _to_groups(data: bytes) -> list[int]:
    """Split bytes into groups of five bits, the last padded with zeros."""
    padding = -len(data) * 8 % 5
    number = int.from_bytes(data, "big") << padding
    count = (len(data) * 8 + padding) // 5
    return [number >> 5 * (count - 1 - i) & 31 for i in range(count)]


def _from_groups(values: list[int]) -> bytes:
    padding = len(values) * 5 % 8
    number = 0
    for value in values:
        number = number << 5 | value
    # One key, one text: leftover bits must be zero, and there must be fewer than a whole group of them.
    if padding >= 5 or number & ((1 << padding) - 1):
        raise KeyMalformed("the key is not in its canonical form")
    return (number >> padding).to_bytes(len(values) * 5 // 8, "big")
