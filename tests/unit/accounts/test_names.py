"""Names as people and organizations have them, and those that would lead somebody away."""

import pytest

from portal.accounts.names import fault

PEOPLE = """J. R. Smith|J.R. Smith|J.R.R.Tolkien|St. John|St.John Rivers|Dr.Müller|Dr. Müller|Dr.Li
Y.Li|Prof.Dr.Wu|Dr.med.Na Kim|Dr.rer.nat.Weber|Ph.D. Ada Lovelace|Ada Lovelace, M.Sc.
Bo Ek, B.Com|Jr. Martin Luther King|Sammy Davis Jr.|Mary-Ann O'Neill|Jean d’Arc
María José Ñandú|Łukasz Żak|Нина Петрова|Ελένη Παππά|李明|山田 太郎|محمد علي|अनिता शर्मा
สมชาย ใจดี|김민준|X Æ A-12|Wm. Blake|Mme.De Staël|Ng|Zoë (Zo) Smit|Sra.Pérez|Mr.T|Ms.In"""
ORGANIZATIONS = """Node.js Foundation|Vue.js|AT&T|Yahoo!|S.p.A. Fiat|Foo B.V.|Bar N.V.|Baz S.A.
Müller GmbH & Co.KG|Acme Co.Ltd|Acme Co., Ltd.|Acme Inc.|Verein e.V.
U.S. Department of Energy|St. Jude Hospital|Inst. for A.I.|École 42|MIT/CSAIL|3M|7-Eleven
Universität zu Köln|東京大学|King's College (London)|Allen AI, Inc.|R.E.M. Lab|C.N.R.S.
Version 2.0 Lab|Research No. 10.5"""
LINKS = """Visit evil.com now|evil.com|EVIL.COM|https://evil.example|http:evil://x|www.evil
See www.evil.example|ada@evil.com|Ada @evil|bit.ly/abc|t.me/evil|evil.example/path
evil.test:8080|1.2.3.4|pay at 192.168.0.1 now|evil.co.uk|sub.evil.io|evil-site.online
Ada (evil.net)|“evil.org”|evil.com.|evil.com!|evil.xn--p1ai|пример.com|evil。com
evil．com|evil｡com|ev\u200bil.c\u200bom|evil\u00ad.com|Dr.evil.com|Booking.com|fast.ai
ASP.NET|ｅｖｉｌ．ｃｏｍ"""


def each(of: str) -> list[str]:
    return [name for line in of.splitlines() for name in line.split("|")]


@pytest.mark.parametrize("name", each(PEOPLE))
def test_a_person_may_be_called_so(name: str) -> None:
    assert fault(name) == ""


@pytest.mark.parametrize("name", each(ORGANIZATIONS))
def test_an_organization_may_be_called_so(name: str) -> None:
    assert fault(name) == ""


@pytest.mark.parametrize("name", each(LINKS))
def test_a_name_of_which_mail_programs_make_a_link_is_refused(name: str) -> None:
    assert "Put a blank behind the full stop" in fault(name)


@pytest.mark.parametrize("name", ["Booking com", "fast AI", "ASP NET Users", "Visit evil. com"])
def test_written_as_the_refusal_says_a_name_is_accepted(name: str) -> None:
    """Some organizations are called like their site: a link of theirs cannot be told from another."""
    assert fault(name) == ""
