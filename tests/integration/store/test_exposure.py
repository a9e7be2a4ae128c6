"""A bucket that strangers get at: found by asking as one, and `check --deploy` fails (I8)."""

import json
from typing import Any

import pytest
from django.core.checks import Tags, run_checks

from tests.servers.ceph import Gateway
from tests.stored import store_object
from weights_vault import storage as storages
from weights_vault.storage.port import random_name
from weights_vault.storage.s3 import S3Storage


def allow(owner: Any, bucket: str, action: str, resource: str) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": [action],
        "Resource": [f"arn:aws:s3:::{resource}"],
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    owner.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))


def test_private_bucket_has_no_fault(store: S3Storage) -> None:
    store_object(random_name(), b"body", store)
    assert store.public_faults() == []


def test_listing_open_to_everybody_is_found(store: S3Storage, owner: Any, bucket: str) -> None:
    """I8"""
    owner.put_bucket_acl(Bucket=bucket, ACL="public-read")
    assert store.public_faults() == [f"everybody can list the objects of the bucket {bucket}"]


@pytest.mark.parametrize("empty", [True, False])
def test_policy_that_lets_everybody_read_is_found(
    empty: bool, store: S3Storage, owner: Any, bucket: str
) -> None:
    """I8: listing nothing, and also while nothing is in the bucket yet."""
    allow(owner, bucket, "s3:GetObject", f"{bucket}/*")
    if not empty:
        store_object(random_name(), b"body", store)
    before = {found.name for found in store.objects()}
    assert store.public_faults() == [f"everybody can read the objects of the bucket {bucket}"]
    assert {found.name for found in store.objects()} == before


def test_object_with_an_access_list_of_its_own_is_found(store: S3Storage, owner: Any, bucket: str) -> None:
    """I8"""
    name = random_name()
    store_object(name, b"body", store)
    owner.put_object_acl(Bucket=bucket, Key=name, ACL="public-read")
    assert store.public_faults() == [f"everybody can read the objects of the bucket {bucket}"]


def test_bucket_that_everybody_can_write_into_is_found(store: S3Storage, owner: Any, bucket: str) -> None:
    """I8"""
    allow(owner, bucket, "s3:PutObject", f"{bucket}/*")
    assert f"everybody can write into the bucket {bucket}" in store.public_faults()
    assert list(store.objects()) == []


@pytest.mark.usefixtures("aws_environment")
@pytest.mark.parametrize("public", [True, False])
def test_check_deploy_fails_on_a_public_bucket_alone(
    public: bool, owner: Any, bucket: str, gateway: Gateway, settings: Any
) -> None:
    """I8"""
    if public:
        owner.put_bucket_acl(Bucket=bucket, ACL="public-read")
    settings.STORAGE_URL = gateway.storage_url(bucket)
    storages._open.cache_clear()
    found = run_checks(tags=[Tags.security], include_deployment_checks=True)
    assert [f.msg for f in found if bucket in f.msg] == (
        [f"Not for production: everybody can list the objects of the bucket {bucket}."] if public else []
    )
