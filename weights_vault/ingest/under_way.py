"""What is remembered of a body while it is sealed, so that a later run can go on with it.

The rule of docs/reference/sealed-format.md, section 3.4: before anything of a part reaches the store, the
digest of its plaintext is durable ("pinned"). Whoever goes on later seals a part again under the same key
only if its plaintext is the pinned one; nobody ever sees two plaintexts under one key and nonce.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from django.db import transaction

from weights_vault.models import SealedBody
from weights_vault.models.bodies import BodyUnderWay, PartUnderWay


@dataclass(frozen=True)
class KnownPart:
    """plain, sealed: BLAKE3-256, hex; receipt: the store's. A part that is only pinned has `plain` alone."""

    plain: str
    sealed: str = ""
    receipt: str = ""

    @property
    def is_stored(self) -> bool:
        """Was it put? Whether the store still has it is the store's to say."""
        return bool(self.sealed and self.receipt)


class BodyChanged(Exception):
    """A part differs from the one pinned under this body's key, or nobody knows any more what was sealed
    under it: the body has to be made anew.
    """


class Record(Protocol):
    """What is known of the parts of one body."""

    def known(self) -> Mapping[int, KnownPart]:
        """By number of the part, from 0."""
        ...

    def keep(self, parts: Mapping[int, KnownPart]) -> None:
        """Write `parts` over what is known of them. Durable when it returns.

        Raises: BodyChanged: another plaintext was pinned meanwhile; nothing is written.
        """
        ...


class NoRecord:
    """Of a body of one part nothing is remembered: there is nothing to go on with."""

    def known(self) -> Mapping[int, KnownPart]:
        return {}

    def keep(self, parts: Mapping[int, KnownPart]) -> None:
        return None


class BodyRecord:
    """The rows of a body in state writing; they go with its state (`forget`) or with the body."""

    def __init__(self, under_way: BodyUnderWay) -> None:
        self._under_way = under_way

    @classmethod
    def begin(cls, body: SealedBody, upload: str) -> "BodyRecord":
        """upload: what the store's writer needs to be resumed."""
        return cls(BodyUnderWay.objects.create(body=body, upload=upload))

    @classmethod
    def find(cls, body: SealedBody) -> "BodyRecord | None":
        """What an earlier run wrote, if it came that far."""
        found = BodyUnderWay.objects.filter(body=body, body__state=SealedBody.State.WRITING).first()
        return cls(found) if found else None

    @property
    def upload(self) -> str:
        return self._under_way.upload

    def known(self) -> Mapping[int, KnownPart]:
        rows = PartUnderWay.objects.filter(under_way=self._under_way).order_by("index")
        return {
            index: KnownPart(plain, sealed, receipt)
            for index, plain, sealed, receipt in rows.values_list("index", "plain", "sealed", "receipt")
        }

    def keep(self, parts: Mapping[int, KnownPart]) -> None:
        rows = [
            PartUnderWay(
                under_way=self._under_way,
                index=index,
                plain=part.plain,
                sealed=part.sealed,
                receipt=part.receipt,
            )
            for index, part in parts.items()
        ]
        # Durable: in a transaction around this one, a pin could be taken back after its part was put.
        with transaction.atomic(durable=True):
            PartUnderWay.objects.bulk_create(
                rows,
                update_conflicts=True,
                unique_fields=["under_way", "index"],
                # A pin is written once: whatever happens here, the first plaintext is the one that counts.
                update_fields=["sealed", "receipt"],
            )
            self._require_pinned(parts)

    def _require_pinned(self, parts: Mapping[int, KnownPart]) -> None:
        rows = PartUnderWay.objects.filter(under_way=self._under_way, index__in=parts)
        if dict(rows.values_list("index", "plain")) != {index: part.plain for index, part in parts.items()}:
            raise BodyChanged


def forget(body: SealedBody) -> None:
    """The body is stored, and its digests stand in its row."""
    BodyUnderWay.objects.filter(body=body).delete()
