"""docs/reference/api.md says what there is: every route, what it needs, every code of the access rule."""

import re
from pathlib import Path

from django.urls import URLPattern

from licenses.bars import RULES
from portal.api.permissions import Need
from portal.api.urls import urlpatterns
from tests.integration.api.matrix import MATRIX

REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "api.md"
ROW = re.compile(r"^\| `([A-Z]+) (/\S+?)` \| (.+?) \| .+ \|$", re.MULTILINE)


def words(need: Need) -> str:
    if need.session:
        return "a session"
    if need.anonymous:
        return f"nothing, or `{need.scope}`" if need.scope else "nothing"
    return f"`{need.scope}`" if need.scope else "any token"


def test_every_route_stands_in_the_reference_with_what_it_needs() -> None:
    routes = {str(pattern.name): pattern for pattern in urlpatterns if isinstance(pattern, URLPattern)}
    served = {}
    for name, method in MATRIX.keys() - {key for key in MATRIX if key[0] == "api-missing"}:
        path = f"/{routes[name].pattern}".replace("<slug:", "{").replace(">", "}")
        view = routes[name].callback.view_class  # type: ignore[attr-defined]
        served[method, path] = words(view.needs[method])
    written = {(method, path): needs for method, path, needs in ROW.findall(REFERENCE.read_text("utf-8"))}
    assert written == served


def test_the_codes_of_the_access_rule_stand_in_their_order() -> None:
    text = REFERENCE.read_text("utf-8")
    listed = re.findall(r"`([a-z_]+)`", text[text.index("in order of precedence") :].partition(".\n\n")[0])
    assert listed == [rule.code for rule in RULES]
