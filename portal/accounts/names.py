"""Names of people and organizations that could lead somebody away.

A name stands in mails of ours and in agreements, and whoever signs up or asks somebody into a team chooses
it. Mail programs make links of what reads like an address, also without "https://": "Visit evil.com now"
would be an invitation of ours that leads to others. So such a name is refused, wherever a name is taken.

What counts as an address is what mail programs take for one: a scheme, "www.", "@", and a word, a full stop
and the end of a domain. Names have full stops too ("J. R. Smith", "Dr.Li", "Node.js Foundation"): titles
and initials before the full stop, and endings that no domain has, are none.
"""

import re
import unicodedata
from typing import Final

from portal.accounts.countries import COUNTRIES

SAID: Final = (
    "A name cannot hold the address of a site or of mail, nor what reads like one (“example.com”): mail "
    "programs make a link of it. Put a blank behind the full stop, or leave the ending out."
)

_COUNTRY_ENDINGS: Final = {code.lower() for code, _ in COUNTRIES} | {"ac", "eu", "su", "uk"}
# Of the other endings those that are widely used; the rest are not made links of without a scheme, mostly.
_WIDELY_USED: Final = """
academy agency app art asia bank bar best bid biz blog buzz casa cat cc cfd chat city click cloud club
codes coffee com community company cool coupons cyou date day deals design dev digital direct download edu
education email energy events exchange expert express farm finance fit fun fund fyi gallery games gift
global gov group guide guru health help host hosting icu inc info ink int jobs land law legal life link
live loan lol love ltd market marketing media men mil mobi moe money monster museum name net network news
ninja one online org page partners party photo photos pics place plus porn press pro pub quest racing
realty rent report rest review reviews rip rocks run sale sbs school science services sex shop show site
skin social software solutions space store stream studio style support surf systems team tech technology
tel today tokyo tools top tours trade training travel tube university uno video vip vote wang watch
website wiki win work works world wtf xin xxx xyz zip zone
"""
_ENDINGS: Final = _COUNTRY_ENDINGS | frozenset(_WIDELY_USED.split())
_BEFORE_NAMES: Final = """
co corp dipl dr drs eng fr frau hon hr ing ir jr lic llm mag med mlle mme mr mrs ms msc mt mx nat pdt phd
phil prof pte pty pvt rer rev sr sra st ste vet
"""
_TITLES: Final = frozenset(_BEFORE_NAMES.split())
# Full stops of other scripts, which browsers read as one.
_FULL_STOPS: Final = str.maketrans("。．｡", "...")
_PLAIN: Final = re.compile(r"://|\bwww\.|@|\w\.[a-z]{2,}(?:/|:\d)|\b\d{1,3}(?:\.\d{1,3}){3}\b", re.IGNORECASE)
_HOST: Final = re.compile(r"(?:[\w-]+\.)+(?:xn--[\w-]+|[^\W\d_]{2,})")


def fault(name: str) -> str:
    """Return what is wrong with a name that reads like an address, or "".

    name: of a person or an organization, on one line.
    """
    shown = unicodedata.normalize("NFKC", name.translate(_FULL_STOPS))
    # What is not seen would part a word that mail programs take for one.
    seen = "".join(each for each in shown if unicodedata.category(each) != "Cf")
    led = _PLAIN.search(seen) or any(_is_host(found[0]) for found in _HOST.finditer(seen))
    return SAID if led else ""


def _is_host(found: str) -> bool:
    *before, ending = found.lower().split(".")
    if ending not in _ENDINGS and not ending.startswith("xn--"):
        return False
    return not all(len(word) == 1 or word in _TITLES for word in before)
