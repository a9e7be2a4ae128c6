"""The S3 gateway of a row, Ceph's, in memory, fresh for each; and what the peers need to reach it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.errors import BenchError
from tests.benchmarks.peers import program
from tests.servers.ceph import ACCESS_KEY, REGION, SECRET_KEY, Gateway, ceph_gateway

STORE_BYTES = 16 * 2**30  # at most; taken as it fills
BUCKET = "weights"
FACT = (
    "The gateway is Ceph's radosgw over a memory store, on the same cores as everything else. aws and rclone "
    "have their own defaults; rclone's remote `store` is named by its environment (S3, Ceph, endpoint, keys)."
)


@dataclass(frozen=True)
class Store:
    """A running gateway with an empty bucket."""

    gateway: Gateway
    bucket: str = BUCKET

    @property
    def endpoint(self) -> str:
        return self.gateway.endpoint

    @property
    def remote(self) -> str:
        """The bucket as rclone names it; `keys` describes the remote."""
        return f"store:{self.bucket}"

    def keys(self) -> dict[str, str]:
        """The environment of a command that reaches the store by itself."""
        return {
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "RCLONE_CONFIG": os.devnull,
            "RCLONE_CONFIG_STORE_TYPE": "s3",
            "RCLONE_CONFIG_STORE_PROVIDER": "Ceph",
            "RCLONE_CONFIG_STORE_ENV_AUTH": "true",
            "RCLONE_CONFIG_STORE_ENDPOINT": self.endpoint,
            "RCLONE_CONFIG_STORE_REGION": REGION,
        }

    def portal_settings(self) -> dict[str, str]:
        return {**self.keys(), "STORAGE_URL": self.gateway.storage_url(self.bucket)}


@contextmanager
def store() -> Iterator[Store]:
    """A fresh gateway: a full one hangs, and what was deleted is freed late."""
    with ceph_gateway(STORE_BYTES) as gateway:
        made = Store(gateway)
        make = [program("aws"), "--endpoint-url", made.endpoint, "s3", "mb", f"s3://{made.bucket}"]
        done = subprocess.run(
            make, env={**os.environ, **made.keys()}, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise BenchError(f"the bucket could not be made: {done.stderr}")
        yield made


def incomplete(path: Path) -> BenchError:
    """The error of a peer that did not fetch all."""
    return BenchError(f"{path.name} has {path.stat().st_size} bytes")
