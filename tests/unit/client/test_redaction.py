from __future__ import annotations

import pytest

from weights_vault.client.redaction import HIDDEN, Secret, redact


@pytest.mark.parametrize(
    "text",
    [
        "token wp_abcDEF-123_x.y rest",
        "token wpd_abcDEF-123_x.y rest",
        "token wpr_abcDEF-123_x.y rest",
        "AGE-SECRET-KEY-1QQPQYS rest",
        "AGE-SECRET-KEY-PQ-1QQPQYS rest",
        "Authorization: Bearer abc.def rest",
        "GET https://h/delivery/o?key=k&issued=1&lifetime=6&signature=abcdef rest",
        "https://s3/b/o?X-Amz-Credential=AKIA&X-Amz-Signature=abcdef rest",
    ],
)
def test_g8_secrets_are_hidden_and_the_rest_stays(text: str) -> None:
    hidden = redact(text)
    assert HIDDEN in hidden
    assert hidden.endswith("rest")
    for secret in ("abcDEF", "QQPQYS", "abc.def", "abcdef", "AKIA"):
        assert secret not in hidden


@pytest.mark.parametrize("text", ["", "opt-175b@v1", "https://p/releases/?page=2", "wp1-cn5e-rfaz-2kau"])
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


def test_a_secret_shows_itself_only_when_asked() -> None:
    secret = Secret("wp_x")
    assert (repr(secret), str(secret), f"{secret}") == ("Secret([hidden])",) * 3
    assert secret.reveal() == "wp_x"


def test_a_long_hostile_text_is_redacted_in_no_time() -> None:
    """A quadratic pattern would take hours for these, and hold Ctrl-C up all the while."""
    for text in ("?" * 1_000_000, "?a" * 500_000, "bearer " * 100_000, "wp_" * 300_000):
        assert redact(text).count("?") == text.count("?")
