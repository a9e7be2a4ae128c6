"""Tags of the design system: icons, times, sizes, states."""

from collections.abc import Iterable
from datetime import UTC, datetime

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from licenses.models import Grant, Request
from portal.accounts.countries import COUNTRIES
from portal.core import times
from portal.web import markdown, words
from portal.web.holding import ended_at, holding_of, state_of
from portal.web.journey import next_panel

register = template.Library()

_COUNTRIES = dict(COUNTRIES)
# Tones in which the applicant has something to do.
_ACTING = frozenset({"turn", "good"})
_UNITS = (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10))
_NARROWEST = 24  # characters; on a phone a longer word may have to break
_DAY_S = 86_400
_SPANS = ((_DAY_S, "day"), (3_600, "hour"), (60, "minute"))


@register.simple_tag
def icon(name: str) -> SafeString:
    """A picture of the sprite. It is decoration: the word beside it says the same."""
    return format_html(
        '<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        static("web/icons.svg"),
        name,
    )


@register.filter
def size(count: int | None) -> SafeString | str:
    """Bytes in the unit that people read, the exact count on hover."""
    if count is None:
        return "—"
    text = f"{count} bytes"
    for unit, scale in _UNITS:
        if count >= scale:
            text = f"{count / scale:.1f} {unit}"
            break
    return format_html('<data value="{}" title="{} bytes">{}</data>', count, f"{count:,}", text)


@register.filter
def when(moment: datetime | None) -> SafeString | str:
    """A date and time with its zone."""
    return _time(moment, "%-d %b %Y, %H:%M UTC")


@register.filter
def day(moment: datetime | None) -> SafeString | str:
    """A date; the time and its zone on hover."""
    return _time(moment, "%-d %b %Y")


@register.filter
def ago(moment: datetime | None) -> SafeString | str:
    """How long ago, or how far ahead; the exact time on hover."""
    if moment is None:
        return "—"
    now = timezone.now()
    seconds = (now - moment).total_seconds()
    # What comes is counted as mails count it; what is past is an age.
    span = _days(times.days_until(moment, now)) if -seconds >= _DAY_S else spell(abs(seconds))
    text = "just now" if abs(seconds) < 60 else f"{span} ago" if seconds > 0 else f"in {span}"
    return _time(moment, text.replace("%", "%%"))


@register.filter
def since(moment: datetime | None) -> SafeString | str:
    """The age of something, as a bare span."""
    if moment is None:
        return "—"
    return _time(moment, spell(max(0.0, (timezone.now() - moment).total_seconds())))


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


@register.filter("span")
def spell(seconds: float) -> str:
    """A span in its largest whole unit."""
    for length, unit in _SPANS:
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
    return "under a minute"


def _time(moment: datetime | None, form: str) -> SafeString | str:
    if moment is None:
        return "—"
    utc = moment.astimezone(UTC)
    exact = utc.strftime("%-d %b %Y, %H:%M:%S UTC")
    return format_html('<time datetime="{}" title="{}">{}</time>', utc.isoformat(), exact, utc.strftime(form))


@register.simple_tag
def status(kind: str, state: str) -> SafeString:
    """A state as icon, word and color."""
    said = words.word(kind, state)
    return format_html('<span class="status {}">{} {}</span>', said.tone, icon(said.icon), said.text)


@register.simple_tag
def word(kind: str, state: str) -> str:
    """A state as a bare word."""
    return words.word(kind, state).text


@register.simple_tag
def labelled(kind: str, state: str) -> SafeString:
    """A state as icon and word, without color."""
    said = words.word(kind, state)
    return format_html("{}{}", icon(said.icon), said.text)


@register.filter
def prose(text: str) -> SafeString:
    """Markdown as HTML that cannot act."""
    return markdown.render(text)


@register.filter
def prose_under(text: str, title: str) -> SafeString:
    """The same, without the first heading where it only repeats `title`."""
    return markdown.render(text, title)


@register.filter
def coded(text: str) -> SafeString:
    """A sentence of ours in which `commands` stand between backticks."""
    pieces = ((piece, bool(index % 2)) for index, piece in enumerate(text.split("`")))
    return format_html_join(
        "",
        "{}",
        ((format_html("<code>{}</code>", piece) if is_code else piece,) for piece, is_code in pieces),
    )


@register.filter
def country(code: str) -> str:
    """The name of a country, by its two letters."""
    return _COUNTRIES.get(code, code)


@register.filter
def groups(digest: str) -> str:
    """A digest in groups of eight, for comparing by eye."""
    return " ".join(digest[start : start + 8] for start in range(0, len(digest), 8))


@register.simple_tag
def contact() -> SafeString:
    """Where people reach those who run the portal; it stands on the pages of failures too, and asks nothing
    of a database."""
    return format_html('<a href="mailto:{0}">{0}</a>', settings.CONTACT_EMAIL)


@register.simple_tag(takes_context=True)
def nav_link(context: template.RequestContext, page: str, label: str, *children: str) -> SafeString:
    """A link of the navigation, marked when the page or one of its children is open."""
    match = getattr(context.get("request"), "resolver_match", None)
    here = match.url_name if match else None
    current = "page" if here == page else "true" if here in children else ""
    attribute = format_html(' aria-current="{}"', current) if current else ""
    return format_html('<a href="{}"{}>{}</a>', reverse(page), attribute, label)


@register.simple_tag
def grant_status(grant: Grant) -> SafeString:
    """A grant's state; one whose time is over is shown as expired."""
    return status("grant", state_of(grant, timezone.now()))


@register.simple_tag
def grant_end(grant: Grant) -> SafeString:
    """When a grant ends, or ended: what was taken away or closed does not last until its old end."""
    ended = ended_at(grant, timezone.now())
    return format_html("Ended {}", day(ended)) if ended is not None else format_html("{}", day(grant.ends_at))


@register.simple_tag
def grant_ended(grant: Grant) -> datetime | None:
    """When a grant ended; None while it lasts."""
    return ended_at(grant, timezone.now())


@register.filter
def lasts(grant: Grant) -> bool:
    """Whether a grant has not ended."""
    return ended_at(grant, timezone.now()) is None


@register.simple_tag
def request_status(request: Request, held: Iterable[Grant]) -> SafeString:
    """A request's state; once what it gave is over, that. held: the reader's grants under it."""
    holding = holding_of(held)
    said = holding.said if holding is not None and holding.over else words.word("request", request.state)
    return format_html('<span class="status {}">{} {}</span>', said.tone, icon(said.icon), said.text)


@register.filter
def titles(request: Request) -> str:
    """The releases of a request, by title."""
    return ", ".join(release.title for release in request.releases.all())


@register.filter
def unbroken(names: str) -> SafeString:
    """Names of models in a cell or a heading: no line breaks inside OPT-175B."""
    return format_html_join(" ", "{}", ((_whole(word),) for word in str(names).split(" ")))


def _whole(word: str) -> SafeString | str:
    whole = "-" in word and len(word) <= _NARROWEST
    return format_html('<span class="nowrap">{}</span>', word) if whole else word


@register.simple_tag
def next_for(request: Request, held: Iterable[Grant] = ()) -> SafeString | str:
    """The first step that the applicant can take, as a link. held: the applicant's grants under it."""
    if request.asked_at is not None and request.state == Request.State.SUBMITTED:
        page = reverse("request_detail", args=[request.pk])
        return format_html('<a href="{}#messages">Answer the question</a>', page)
    if request.state == Request.State.SIGNED and not held:
        return format_html('<a href="{}">Follow it</a>', reverse("request_detail", args=[request.pk]))
    panel = next_panel(
        request.state,
        request.pk,
        request.releases.all()[0].slug,
        holding=holding_of(held),
        # Only the title and the first step are shown: what the sentences name is not needed.
        target_days="",
        sign_days="",
        contact="",
        ended="",
    )
    if panel.tone not in _ACTING or not panel.actions:
        return panel.title
    first = panel.actions[0]
    return format_html('<a href="{}">{}</a>', first.href, first.label)
