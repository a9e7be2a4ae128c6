"""What `manage.py doctor` examines of the vault."""

from datetime import datetime

from portal.core.doctor import Finding, examination
from weights_vault.queries import orphans
from weights_vault.storage import storage


@examination("storage")
def store(now: datetime) -> Finding:
    """The store works, and holds nothing that no row names."""
    faults = storage().faults()
    if faults:
        return Finding(False, "; ".join(faults), "Correct STORAGE_URL or the folder it names.")
    left = orphans()
    if left:
        size = sum(found.size for found in left)
        return Finding(
            False,
            f"{len(left)} objects ({size:,} bytes) belong to no revision",
            "Look at who deleted their rows; they can be deleted from the store.",
        )
    return Finding(True, "the store can be read and written; it holds nothing unknown")
