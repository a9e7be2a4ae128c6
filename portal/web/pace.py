"""How long reviews take, in words: what the job wrote, never an estimate."""

from typing import Final, NamedTuple

from licenses.models import ReviewPace
from weights_vault.models import Release

_HOUR_S, _DAY_S = 3_600, 86_400
# Of fewer decisions a median says little and a ninth decile nothing: the published target stands alone.
FEWEST: Final = 10


class Pace(NamedTuple):
    """half, most: within which time half, and nine of ten, of the last `decisions` answers came."""

    half: str
    most: str
    decisions: int


def pace_of(release: Release) -> Pace | None:
    """The pace of a release's reviews; None where too little was decided in the last 90 days to tell."""
    found = ReviewPace.objects.filter(release=release, count__gte=FEWEST).first()
    return Pace(within(found.median_s), within(found.p90_s), found.count) if found else None


def within(seconds: int) -> str:
    """A span that holds `seconds`: rounded up, to hours below two days, else to days."""
    length, unit = (_HOUR_S, "hour") if seconds <= 2 * _DAY_S else (_DAY_S, "day")
    count = max(1, -(-seconds // length))
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
