"""What the server's code must not do, it does not do; and each rule finds what it is there for."""

import pytest

from tests.audits import dangers

PLANTED = {
    "evaluates": ["eval(said)", "exec(said)", "Template(said).render()", "engine.from_string(said)"],
    "unpacks": ["import pickle", "from marshal import loads"],
    "shell": [
        "subprocess.run(said, shell=True)",
        "os.system(said)",
        "subprocess.Popen(f'age {said}')",
        "subprocess.run('age')",
    ],
    "broken ciphers": ["Cipher(AES(key), modes.ECB())", "hashlib.md5(said)", "padding.PKCS1v15()"],
    "queries that are put together": [
        "cursor.execute(f'SELECT {said}')",
        "cursor.execute('SELECT %s' % said)",
        "cursor.execute('SELECT ' + said)",
        "cursor.execute('SELECT {}'.format(said))",
        "User.objects.raw(said)",
        "RawSQL(said, [])",
    ],
    "patterns that are put together": [
        "re.search(said, text)",
        "re.compile(f'{said}+')",
        "re.sub('a' + said, b, c)",
    ],
    "asks the network": ["import httpx", "from urllib.request import urlopen", "from http import client"],
}
HARMLESS = {
    "evaluates": ["re.compile('a')", "model.eval()"],
    "unpacks": ["import json"],
    "shell": ["subprocess.run(['age', said], check=True)"],
    "broken ciphers": ["hashlib.sha256(said)"],
    "queries that are put together": [
        "cursor.execute('SELECT %s', [said])",
        "cursor.execute(STATEMENT, [said])",
    ],
    "patterns that are put together": ["re.search('a+', said)", "re.compile(re.escape(said))"],
    "asks the network": ["import urllib.parse", "from http import HTTPStatus"],
}


@pytest.mark.parametrize("rule", dangers.RULES)
def test_the_server_does_none_of_it_but_where_it_is_answered(rule: str) -> None:
    """ASVS 1.2.4, 1.2.5, 1.2.9, 1.3.2, 1.3.6, 1.3.7, 1.5.2, 11.3.1."""
    doing = {name: lines for name, code in dangers.modules() if (lines := dangers.found(rule, code))}
    assert {name: lines for name, lines in doing.items() if name not in dangers.ANSWERS[rule]} == {}
    assert dangers.ANSWERS[rule].keys() - doing.keys() == set()


@pytest.mark.parametrize(("rule", "code"), [(rule, code) for rule, each in PLANTED.items() for code in each])
def test_a_rule_finds_what_it_is_there_for(rule: str, code: str) -> None:
    assert dangers.found(rule, code) == [1]


@pytest.mark.parametrize(("rule", "code"), [(rule, code) for rule, each in HARMLESS.items() for code in each])
def test_a_rule_lets_pass_what_is_right(rule: str, code: str) -> None:
    assert dangers.found(rule, code) == []
