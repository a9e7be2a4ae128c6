"""Brings the audit log up to date inside a test: what the signer process does, without its files."""

from datetime import datetime

from portal.core.log import keys, sequencer
from portal.core.log.signing import keep_row, sign_head
from portal.core.log.stored import head_at, log_size


def catch_up(now: datetime) -> int:
    """Give every waiting event its place and sign the tree as it stands then; returns its size."""
    sequencer.catch_up()
    head = head_at(log_size())
    keep_row(head, sign_head(head, keys.signer()), now)
    return head.size
