"""How a stranger gets at a bucket, found by asking as one: policies and access lists have many ways of saying
"everybody", an answered request only one (I8).
"""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import ClientError

from weights_vault.storage.port import random_name
from weights_vault.storage.s3_bucket import Bucket
from weights_vault.storage.s3_errors import told_by_port

SAMPLE = 3  # objects: a policy speaks of all, an access list of one
_REFUSALS = (401, 403)


def faults_for_strangers(bucket: Bucket, stranger: Bucket) -> list[str]:
    """What somebody without credentials can do, as sentences.

    bucket: ours; stranger: the same without credentials. Where the bucket is empty, an object of one byte is
    written, asked for, and deleted.
    Raises: StorageError: it cannot be found out.
    """
    faults = []
    if _answered(stranger, "list_objects_v2", Bucket=stranger.name, Prefix=stranger.prefix, MaxKeys=1):
        faults.append(f"everybody can list the objects of the bucket {bucket.name}")
    with _samples(bucket) as keys:
        if any(_answered(stranger, "get_object", Bucket=stranger.name, Key=key) for key in keys):
            faults.append(f"everybody can read the objects of the bucket {bucket.name}")
    if _can_write(bucket, stranger):
        faults.append(f"everybody can write into the bucket {bucket.name}")
    return faults


def _answered(stranger: Bucket, operation: str, **asked: object) -> bool:
    """Was it done for a stranger? Raises: StorageError: neither done nor refused, so nothing is known."""
    with told_by_port("-"):
        try:
            answer = getattr(stranger.client, operation)(**asked)
        except ClientError as error:
            if error.response["ResponseMetadata"].get("HTTPStatusCode") in _REFUSALS:
                return False
            raise
    if "Body" in answer:
        answer["Body"].close()
    return True


@contextmanager
def _samples(bucket: Bucket) -> Iterator[list[str]]:
    """Keys of a few real objects; where there is none, of one made for the question."""
    with told_by_port("-"):
        page = bucket.client.list_objects_v2(Bucket=bucket.name, Prefix=bucket.prefix, MaxKeys=SAMPLE)
    keys = [found["Key"] for found in page.get("Contents", [])]
    if keys:
        yield keys
        return
    made = bucket.at(random_name())
    with told_by_port("-"):
        bucket.client.put_object(**made, Body=b"?")
    try:
        yield [made["Key"]]
    finally:
        with told_by_port("-"):
            bucket.client.delete_object(**made)


def _can_write(bucket: Bucket, stranger: Bucket) -> bool:
    made = stranger.at(random_name())
    written = _answered(stranger, "put_object", **made, Body=b"?")
    if written:
        with told_by_port("-"):
            bucket.client.delete_object(**made)
    return written
