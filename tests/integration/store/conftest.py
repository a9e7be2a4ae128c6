"""The store's tests stand on the real gateway."""

from tests.servers.ceph_fixtures import (  # noqa: F401
    aws_environment,
    aws_session,
    bucket,
    gateway,
    open_store,
    owner,
    store,
)
