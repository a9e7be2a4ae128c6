"""Doors that nginx inherits: neither of its workers waits where it hears nothing of its connections."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.servers.doors import doors, port_of
from tests.servers.nginx import Nginx

pytestmark = pytest.mark.slow


def test_no_worker_of_nginx_waits_for_a_connection_that_another_took(tmp_path: Path) -> None:
    with doors(1) as held:
        seen = os.dup(held[0].fileno())
        try:
            with Nginx(tmp_path, f"server {{ listen 127.0.0.1:{port_of(held[0])}; }}", doors=held):
                assert not os.get_blocking(seen)
        finally:
            os.close(seen)
