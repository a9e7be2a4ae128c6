"""Unusual patterns: each rule at its threshold, one alert a window, one mail a look; what is no pattern."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from portal.accounts.models import RoleGrant, User
from portal.accounts.principals import Principal, principal_for
from portal.core import audit, jobs
from portal.core.audit import trail
from portal.core.models import AuditEvent, Job
from portal.core.problems import Conflict, Invalid, NotPermitted
from tests.unit.vault.fakes import GRANT
from tests.unit.vault.ledger_days import PERSON, Kind, use
from weights_vault.actions.alerts import acknowledge
from weights_vault.ledger import rules, watch
from weights_vault.models import Alert, Holding, RecipientKey, Revision
from weights_vault.sealed.keys import generate_identity

pytestmark = [pytest.mark.django_db, pytest.mark.database]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def look(at: datetime) -> list[str]:
    """Watch, and return the codes of all alerts there are."""
    watch.watch({}, now=at)
    return sorted(Alert.objects.values_list("rule", flat=True))


def work_off(now: datetime) -> None:
    """Do every job that is waiting: mails are due by the clock, looks by the test's time."""
    jobs.run_due(worker="test", now=max(now, timezone.now()) + DAY)


def from_networks(revision: Revision, count: int, *, at: datetime, every: timedelta = HOUR) -> None:
    for number in range(count):
        use(revision, Kind.URLS, address=f"192.0.{number}.1", files=[], at=at + number * every)


class TestNetworks:
    def test_more_than_five_within_a_day_raise_one_alert(self, revision: Revision, now: datetime) -> None:
        from_networks(revision, 5, at=now)
        assert look(now + 5 * HOUR) == []
        use(revision, Kind.MANIFEST, address="198.51.100.1", at=now + 6 * HOUR)
        assert look(now + 7 * HOUR) == ["many_networks"]
        alert = Alert.objects.get()
        assert (alert.measured, alert.threshold, alert.grant, alert.person) == (6, 5, GRANT, PERSON)
        assert (alert.from_at, alert.to_at) == (now, now + 6 * HOUR)

    def test_a_traveler_over_a_week_is_nothing_unusual(self, revision: Revision, now: datetime) -> None:
        from_networks(revision, 12, at=now, every=timedelta(hours=8))
        assert look(now + 5 * DAY) == []

    def test_many_addresses_of_one_network_are_one(self, revision: Revision, now: datetime) -> None:
        for number in range(1, 20):
            use(revision, Kind.URLS, address=f"192.0.2.{number}", files=[], at=now)
            use(revision, Kind.URLS, address=f"2001:db8:7::{number}", files=[], at=now)
        assert look(now) == []

    def test_two_grants_from_few_networks_each_are_not_added_up(
        self, revision: Revision, now: datetime
    ) -> None:
        for number in range(8):
            grant = f"grt_{number % 2}"
            use(revision, Kind.URLS, address=f"192.0.{number}.1", grant=grant, files=[], at=now)
        assert look(now) == []


class TestHeaders:
    def test_one_file_again_and_again_for_one_key(self, revision: Revision, now: datetime) -> None:
        for number in range(10):
            use(revision, Kind.HEADERS, at=now + number * HOUR)
        assert look(now + DAY) == ["headers_again"]

    def test_three_times_a_key_is_nothing_unusual(self, revision: Revision, now: datetime) -> None:
        for number in range(12):
            use(revision, Kind.HEADERS, key=f"key_{number % 4}", at=now + number * HOUR)
        assert look(now + DAY) == []

    def test_a_few_starts_of_one_download_are_nothing_unusual(
        self, revision: Revision, now: datetime
    ) -> None:
        for number in range(9):
            use(revision, Kind.HEADERS, at=now + number * HOUR)
        assert look(now + DAY) == []


class TestUrls:
    def test_more_than_twenty_copies_within_a_day(self, revision: Revision, now: datetime) -> None:
        for number in range(20):
            use(revision, Kind.URLS, at=now + number * HOUR)
        assert look(now + DAY) == []
        use(revision, Kind.URLS, at=now + 20 * HOUR)
        assert look(now + DAY) == ["urls_over_and_over"]

    def test_a_slow_download_that_renews_its_urls_all_day_is_nothing_unusual(
        self, revision: Revision, now: datetime
    ) -> None:
        """One file at a time, renewed every ten minutes."""
        one = [revision.files.order_by("size")[0].pk]
        for number in range(144):
            use(revision, Kind.URLS, files=one, at=now + number * timedelta(minutes=10))
        assert look(now + DAY) == []


class TestKeys:
    @pytest.fixture
    def enroll(self, person: User, make_key: Callable[..., RecipientKey]) -> Callable[..., str]:
        def enroll_at(moment: datetime) -> str:
            return make_key(person, generate_identity("x25519"), activated_at=moment).pk

        return enroll_at

    def test_more_than_three_new_keys_within_a_week(
        self, revision: Revision, now: datetime, enroll: Callable[..., str]
    ) -> None:
        for number in range(4):
            assert look(now + number * DAY) == []
            use(revision, Kind.HEADERS, key=enroll(now + number * DAY), at=now + number * DAY + HOUR)
        assert look(now + 4 * DAY) == ["many_keys"]

    def test_old_keys_are_nothing_unusual(
        self, revision: Revision, now: datetime, enroll: Callable[..., str]
    ) -> None:
        for _ in range(6):
            use(revision, Kind.HEADERS, key=enroll(now - 8 * DAY), at=now)
        assert look(now) == []


def test_a_first_download_after_months_of_silence_is_no_pattern(revision: Revision, now: datetime) -> None:
    use(revision, Kind.MANIFEST, address="192.0.2.1", at=now - 200 * DAY)
    use(revision, Kind.MANIFEST, address="198.51.100.1", at=now)
    use(revision, Kind.HEADERS, address="198.51.100.1", at=now)
    use(revision, Kind.URLS, address="198.51.100.1", at=now)
    assert look(now) == []


class TestWindows:
    """Rules alone, over entries at some hours."""

    def found(self, code: str, entries: list[rules.Seen], since: datetime) -> rules.Finding | None:
        return rules.find(rules.BY_CODE[code], entries, since)

    def test_what_is_a_whole_window_old_has_left_it(self, now: datetime) -> None:
        start = [rules.Seen(now, "rev", network=str(number)) for number in range(3)]
        for last, most in ((now + DAY - timedelta(microseconds=1), 6), (now + DAY, None)):
            end = [rules.Seen(last, "rev", network=str(number)) for number in range(3, 6)]
            finding = self.found("many_networks", start + end, now)
            assert (finding and finding.measured) == most

    def test_the_window_that_goes_furthest_over_is_told(self, now: datetime) -> None:
        entries = [rules.Seen(now + number * HOUR, "rev", network=str(number)) for number in range(8)]
        entries += [rules.Seen(now + 25 * HOUR, "rev", network="7")]  # six are left of it
        finding = self.found("many_networks", entries, now)
        assert finding == rules.Finding(8, now, now + 7 * HOUR)

    def test_a_window_that_ended_before_is_not_told_again(self, now: datetime) -> None:
        entries = [rules.Seen(now, "rev", network=str(number)) for number in range(8)]
        entries += [rules.Seen(now + 2 * DAY, "rev", network="7")]
        assert self.found("many_networks", entries, now + HOUR) is None

    def test_headers_and_shares_leave_it_too(self, now: datetime) -> None:
        late = now + 8 * DAY
        headers = [rules.Seen(at, "rev", key="key", files=(1,)) for at in [now] * 9 + [late] * 5]
        shares = [rules.Seen(at, "rev", share=5.0) for at in [now] * 4 + [late]]
        assert self.found("headers_again", headers, now) is None
        assert self.found("urls_over_and_over", shares, now) is None


class TestLooks:
    def test_a_burst_is_one_alert_however_often_it_is_looked_at(
        self, revision: Revision, now: datetime
    ) -> None:
        from_networks(revision, 6, at=now - 3 * HOUR)
        for number in range(4):
            use(revision, Kind.URLS, address="192.0.2.1", files=[], at=now + number * 4 * HOUR)
            look(now + number * 4 * HOUR)
        assert Alert.objects.count() == 1

    def test_a_pattern_that_goes_on_raises_one_a_window(self, revision: Revision, now: datetime) -> None:
        for day in range(3):
            from_networks(revision, 8, at=now + day * DAY)
            look(now + day * DAY + 9 * HOUR)
        assert Alert.objects.count() == 3

    def test_a_burst_is_found_days_later_when_no_worker_ran(self, revision: Revision, now: datetime) -> None:
        from_networks(revision, 6, at=now)
        use(revision, Kind.URLS, files=[], at=now + 20 * DAY)
        assert look(now + 20 * DAY) == ["many_networks"]

    def test_only_grants_that_were_used_since_are_read(
        self, revision: Revision, now: datetime, django_assert_num_queries: Callable[..., Any]
    ) -> None:
        for number in range(20):
            use(revision, Kind.URLS, grant=f"grt_{number}", files=[], at=now)
        look(now)
        assert not Holding.objects.filter(stirred=True).exists()
        with django_assert_num_queries(1):
            watch.watch({}, now=now + HOUR)

    def test_an_alert_leaves_an_audit_event(self, revision: Revision, now: datetime) -> None:
        from_networks(revision, 6, at=now)
        look(now + 6 * HOUR)
        (event,) = trail(f"grant:{GRANT}")
        assert (event.kind, event.by) == ("alert.raised", "system:ledger")
        assert event.data == {"rule": "many_networks", "measured": "6"}


class TestMail:
    @pytest.fixture
    def manager(self, make_person: Callable[[str], User], now: datetime) -> User:
        user = make_person("mika@example.org")
        for role in ("release_manager", "administrator"):
            RoleGrant.objects.create(user=user, role=role, by="system:test", at=now)
        return user

    def test_one_look_sends_one_mail_to_each_release_manager(
        self, revision: Revision, manager: User, person: User, now: datetime
    ) -> None:
        for grant in ("grt_1", "grt_2"):
            for number in range(6):
                address = f"192.0.{number}.1"
                use(
                    revision,
                    Kind.URLS,
                    grant=grant,
                    address=address,
                    files=[],
                    at=now,
                    person=person.public_id,
                )
        look(now)
        look(now)
        work_off(now)
        (message,) = mail.outbox
        assert message.to == [manager.email]
        assert message.subject == "Unusual downloads: 2 alerts"
        for alert in Alert.objects.all():
            assert f"/ledger/alerts/{alert.pk}/" in message.body
        assert "used from 6 networks within 24 hours" in message.body
        assert "ada" in message.body

    def test_nothing_unusual_sends_nothing(self, revision: Revision, manager: User, now: datetime) -> None:
        use(revision, Kind.URLS, at=now)
        look(now)
        assert not Job.objects.exists()

    def test_a_mail_that_is_tried_again_is_the_same_mail(
        self, revision: Revision, manager: User, now: datetime
    ) -> None:
        """J1"""
        from_networks(revision, 6, at=now)
        look(now + 6 * HOUR)
        for _ in range(3):
            watch.tell({"raised_at": (now + 6 * HOUR).isoformat()}, now=now + DAY)
        work_off(now)
        assert len(mail.outbox) == 1


class TestAcknowledging:
    @pytest.fixture
    def alert(self, revision: Revision, now: datetime) -> Alert:
        from_networks(revision, 6, at=now)
        look(now + 6 * HOUR)
        return Alert.objects.get()

    @pytest.fixture
    def manager(self, make_person: Callable[[str], User], now: datetime) -> Principal:
        user = make_person("mika@example.org")
        RoleGrant.objects.create(user=user, role="release_manager", by="system:test", at=now)
        return principal_for(user)

    def test_a_note_closes_it_with_its_author(self, alert: Alert, manager: Principal, now: datetime) -> None:
        acknowledge(alert=alert, note=" A cluster with six ways out. ", by=manager, now=now + DAY)
        alert.refresh_from_db()
        assert (alert.state, alert.note) == ("acknowledged", "A cluster with six ways out.")
        assert (alert.acknowledged_by, alert.acknowledged_at) == (manager.actor, now + DAY)
        assert AuditEvent.objects.filter(kind="alert.acknowledged", subject=f"alert:{alert.pk}").exists()

    def test_the_second_of_two_is_told_that_it_is_closed(
        self, alert: Alert, manager: Principal, now: datetime
    ) -> None:
        acknowledge(alert=alert, note="Looked.", by=manager, now=now)
        with pytest.raises(Conflict):
            acknowledge(alert=alert, note="Mine.", by=manager, now=now)
        alert.refresh_from_db()
        assert alert.note == "Looked."

    @pytest.mark.parametrize("note", ["", "  ", "x" * 2001])
    def test_a_note_is_needed(self, alert: Alert, manager: Principal, now: datetime, note: str) -> None:
        with pytest.raises(Invalid):
            acknowledge(alert=alert, note=note, by=manager, now=now)

    def test_recipients_do_not_close_their_alerts(
        self, alert: Alert, session: Principal, now: datetime
    ) -> None:
        with pytest.raises(NotPermitted):
            acknowledge(alert=alert, note="Nothing to see.", by=session, now=now)

    def test_a3_without_a_second_factor_nobody_does(
        self, alert: Alert, manager: Principal, now: datetime, settings: Any
    ) -> None:
        """A3"""
        settings.STAFF_MFA = "any"
        with pytest.raises(NotPermitted) as caught:
            acknowledge(alert=alert, note="Looked.", by=manager, now=now)
        assert caught.value.code == "mfa_required"

    def test_an_alert_goes_when_the_audit_event_cannot_be_written(
        self, revision: Revision, now: datetime, monkeypatch: Any
    ) -> None:
        """R10"""
        from_networks(revision, 6, at=now)

        def broken(*arguments: Any, **data: Any) -> None:
            raise OSError("disk full")

        monkeypatch.setattr(audit, "record", broken)
        with pytest.raises(OSError, match="disk full"):
            look(now + 6 * HOUR)
        assert not Alert.objects.exists()
        assert Holding.objects.get().stirred


def test_every_rule_is_said_in_whole_sentences() -> None:
    assert len(rules.BY_CODE) == len(rules.RULES) + len(rules.ALARMS) == 6
    for rule in rules.RULES:
        said = rule.sentence(rule.threshold + 1)
        assert said.endswith(".")
        assert "{" not in said
    for alarm in rules.ALARMS:
        assert alarm.sentence(3).endswith(".")
        assert "{" not in alarm.sentence(3)
