"""The store's tests stand on the real gateway."""

from tests.servers.ceph_fixtures import (  # noqa: F401
    aws_environment,
    bucket,
    gateway,
    open_store,
    owner,
    session,
    store,
)
