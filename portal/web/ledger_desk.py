"""A release manager's view of the deliveries: who has what, each batch in plain sentences, and alerts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from django.db.models import QuerySet

from portal.accounts.models import User
from portal.accounts.principals import Principal
from portal.core.problems import NotFound, require
from portal.web.story import Told
from weights_vault.ledger import figures, listing
from weights_vault.ledger.listing import Names, Row, Wanted
from weights_vault.ledger.rules import BY_CODE
from weights_vault.models import Alert, Holding, LedgerEntry, Release, Revision
from weights_vault.policies import may_read_ledger

DAY: Final = timedelta(days=1)
OPEN_SHOWN: Final = 20
_LOOKS: Final = {
    "manifest": ("calm", "scale"),
    "headers": ("turn", "key-round"),
    "urls": ("calm", "download"),
    "completed": ("good", "circle-check"),
    "verified": ("good", "shield-check"),
    "opened": ("good", "lock-open"),
}
CHART_WIDTH, CHART_HEIGHT, BAR_SHARE = 600, 120, 0.7


@dataclass(frozen=True)
class Line:
    """One recipient × revision of the page. urls, url_bytes: of the last 24 hours."""

    holding: Holding
    person: User | None
    revision: Revision | None
    urls: int
    url_bytes: int


@dataclass(frozen=True)
class Raised:
    """An alert with what it says. rule's title, and a whole sentence."""

    alert: Alert
    title: str
    sentence: str
    person: User | None


@dataclass(frozen=True)
class Bar:
    """One day of the chart, in units of its view box."""

    day: date
    size: int
    x: float
    y: float
    width: float
    height: float


def enter(principal: Principal) -> None:
    """Let release managers pass. Raises: NotPermitted, with the reason, for everybody else."""
    require(may_read_ledger(principal))


def releases() -> list[tuple[str, str]]:
    """Every release to choose from, as (slug, title)."""
    return list(Release.objects.order_by("title").values_list("slug", "title"))


def list_of(holdings: Sequence[Holding], now: datetime) -> dict[str, Any]:
    """Context of the list: these running sums (`figures.with_addresses`) as lines, and the open alerts."""
    alerts = list(_open_alerts()[:OPEN_SHOWN])
    names = listing.names_of([*holdings, *alerts])
    urls = figures.urls_since([holding.grant for holding in holdings], now - DAY)
    return {
        "lines": [_line(holding, names, urls) for holding in holdings],
        "alerts": [_raised(alert, names.people) for alert in alerts],
    }


def alert(alert_id: str) -> Raised:
    """Raises: NotFound."""
    found = Alert.objects.filter(pk=alert_id).first()
    if found is None:
        raise NotFound()
    return _raised(found, listing.names_of([found]).people)


def acknowledger(alert: Alert) -> str:
    """Who looked at it, by name."""
    user = User.objects.filter(public_id=alert.acknowledged_by).first()
    return str(user) if user else "A release manager"


def page_of(grant: str, entries: Sequence[LedgerEntry]) -> dict[str, Any]:
    """Context of one grant's page: what it holds, its chart, these entries (`figures.with_origin_and_key`)
    told. Raises: NotFound.
    """
    holdings = list(listing.holdings(Wanted(grant=grant)))
    if not holdings:
        raise NotFound()
    names = listing.names_of(holdings)  # an entry speaks of nothing that no sum speaks of
    days = figures.bytes_by_day(grant, holdings[0].last_at.astimezone(UTC).date())
    return {
        "alerts": [_raised(alert, names.people) for alert in _open_alerts().filter(grant=grant)],
        "grant_id": grant,
        "person": names.people.get(holdings[0].person),
        "person_id": holdings[0].person,
        "held": [(holding, names.revisions.get(holding.revision)) for holding in holdings],
        "bars": bars(days),
        "most": max(size for _, size in days),
        "timeline": [_told(row) for row in listing.rows(entries, names)],
    }


def bars(days: Sequence[tuple[date, int]]) -> list[Bar]:
    """The chart of bytes asked for each day; nothing where there is nothing to draw."""
    most = max((size for _, size in days), default=0)
    step = CHART_WIDTH / max(1, len(days))
    if not most:
        return []
    return [
        Bar(
            day=day,
            size=size,
            x=round(number * step + step * (1 - BAR_SHARE) / 2, 1),
            y=round(CHART_HEIGHT * (1 - size / most), 1),
            width=round(step * BAR_SHARE, 1),
            height=round(CHART_HEIGHT * size / most, 1),
        )
        for number, (day, size) in enumerate(days)
    ]


def _open_alerts() -> QuerySet[Alert]:
    """Those that nobody has looked at, the newest first."""
    return Alert.objects.filter(state=Alert.State.OPEN)


def _raised(alert: Alert, people: Mapping[str, User]) -> Raised:
    rule, person = BY_CODE.get(alert.rule), people.get(alert.person)
    if rule is None:  # of a rule that is no more
        return Raised(alert, alert.rule, "", person)
    return Raised(alert, rule.title, rule.sentence(alert.measured), person)


def _line(holding: Holding, names: Names, urls: Mapping[tuple[str, str], tuple[int, int]]) -> Line:
    count, size = urls.get((holding.grant, holding.revision), (0, 0))
    person, revision = names.people.get(holding.person), names.revisions.get(holding.revision)
    return Line(holding, person, revision, count, size)


def _told(row: Row) -> Told:
    entry: Any = row.entry
    origin = f"from {entry.address}" if entry.address else "address not kept"
    revision = str(row.revision) if row.revision else entry.revision
    return Told(entry.at, _sentence(row), revision, "", origin, *_LOOKS[entry.kind])


def _sentence(row: Row) -> str:
    entry: Any = row.entry
    revision: Any = row.revision
    total = revision.file_count if revision else entry.count
    files = f"{entry.count:,} of {total:,} files" if total != 1 else "the one file"
    match entry.kind:
        case "manifest":
            return "The manifest was given."
        case "headers":
            named = entry.key_name is not None
            name = f"“{entry.key_name}” ({entry.key_fingerprint})" if named else entry.key
            return f"Headers of {files} were given for the key {name}."
        case "urls":
            minutes = max(1, (entry.lifetime_s or 0) // 60)
            plural = "s" if minutes > 1 else ""
            return f"URLs of {files}, {_bytes(entry.size)}, were given for {minutes} minute{plural}."
    verb = {"completed": "complete", "verified": "verified", "opened": "opened"}[entry.kind]
    return f"{entry.client} reported {files} {verb}, {_bytes(entry.size)}. {_work(entry)}"


def _work(entry: LedgerEntry) -> str:
    again = f", {_bytes(entry.again)} of them twice" if entry.again else ""
    fetched = f"It fetched {_bytes(entry.fetched)}{again}" if entry.fetched else "It fetched nothing"
    return f"{fetched}, in {_span(entry.seconds or 0)}."


def _bytes(count: int | None) -> str:
    size = float(count or 0)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.1f} {unit}" if unit != "bytes" else f"{size:.0f} bytes"
        size /= 1024
    return f"{size:.1f} TiB"


def _span(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = int(seconds // 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min".replace(" 0 min", "")
