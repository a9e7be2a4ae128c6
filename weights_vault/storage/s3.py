"""A bucket as the store: S3 of Amazon, or any server that speaks it.

Objects are private, written once (`If-None-Match: *`) and never changed. Recipients read them under presigned
URLs, so no byte of a download passes the portal.
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from functools import cached_property
from threading import Lock
from typing import BinaryIO

import boto3
from botocore.exceptions import ClientError

from weights_vault.sealed.body import NONCE_SIZE, PART_SIZE
from weights_vault.storage.port import (
    ObjectMissing,
    ObjectWriter,
    SignedUrls,
    StorageBusy,
    StorageError,
    StoredObject,
    random_name,
)
from weights_vault.storage.s3_bucket import Bucket
from weights_vault.storage.s3_client import HURRIED, PATIENT, Patience, base_url_of, make_client
from weights_vault.storage.s3_credentials import CredentialSource
from weights_vault.storage.s3_errors import code_of, told_by_port, told_in
from weights_vault.storage.s3_location import S3Location
from weights_vault.storage.s3_public import faults_for_strangers
from weights_vault.storage.s3_reader import open_object, read_exactly
from weights_vault.storage.s3_writers import SinglePutWriter, begin_upload, parts_of, resume_upload
from weights_vault.storage.signed_urls import MAX_LIFETIME_S, MIN_LIFETIME_S
from weights_vault.storage.sigv4 import QuerySigner

SINGLE_PUT_SIZE = NONCE_SIZE + PART_SIZE  # a body of one part is one piece
SHORTEST_USE_S = 10  # a URL that ends sooner is not worth handing out


class S3Storage:
    """The storage port over one bucket. Nothing is asked of the network before the first use."""

    def __init__(self, location: S3Location, session: boto3.Session | None = None) -> None:
        self._location = location
        with told_by_port("-"):
            self._session = session or boto3.Session()  # reads boto3's files
        self._credentials = CredentialSource(self._session)
        self._making = Lock()  # a session makes one client at a time; the client serves all threads

    def __repr__(self) -> str:
        return f"<S3Storage {self._location.bucket}>"

    def create(self, name: str, *, size: int) -> AbstractContextManager[ObjectWriter]:
        self._bucket.key(name)
        if size <= SINGLE_PUT_SIZE:
            return nullcontext(SinglePutWriter(self._bucket, name, size))
        return nullcontext(begin_upload(self._bucket, name, size))

    def resume(self, name: str, *, size: int, upload: str) -> AbstractContextManager[ObjectWriter]:
        return nullcontext(resume_upload(self._bucket, name, size, upload))

    def open(self, name: str) -> BinaryIO:
        return open_object(self._bucket, name)

    def read(self, name: str, offset: int, out: memoryview) -> None:
        read_exactly(self._bucket, name, offset, out)

    def size(self, name: str) -> int:
        return self._bucket.head(name).size

    def has(self, name: str) -> bool:
        try:
            self._hurried.head(name)
        except ObjectMissing:
            return False
        return True

    def delete(self, name: str) -> None:
        # The uploads first: one that is completed meanwhile leaves an object, which goes after it.
        for key, upload, _ in self._uploads(self._bucket.key(name)):
            if key == self._bucket.key(name):
                self._abort(name, upload)
        with told_by_port(name):
            self._bucket.client.delete_object(**self._bucket.at(name))

    def objects(self) -> Iterator[StoredObject]:
        prefix = self._bucket.prefix
        pages = self._bucket.client.get_paginator("list_objects_v2")
        with told_by_port("-"):
            for page in pages.paginate(Bucket=self._bucket.name, Prefix=prefix):
                told_in(page, "IsTruncated")
                for found in page.get("Contents", []):
                    yield StoredObject(
                        found["Key"].removeprefix(prefix), found["Size"], found["LastModified"]
                    )
        for key, upload, begun in self._uploads(prefix):
            yield self._unfinished(key, upload, begun)

    def url(self, name: str, *, lifetime_s: int, now: datetime) -> str:
        return self.urls([name], lifetime_s=lifetime_s, now=now).urls[0]

    def urls(self, names: Iterable[str], *, lifetime_s: int, now: datetime) -> SignedUrls:
        if not MIN_LIFETIME_S <= lifetime_s <= MAX_LIFETIME_S:
            raise RuntimeError(f"a URL cannot live {lifetime_s} s: {MIN_LIFETIME_S} to {MAX_LIFETIME_S}")
        credentials, until = self._credentials.current()
        if until is not None:
            lifetime_s = min(lifetime_s, int((until - now).total_seconds()))
        if lifetime_s < SHORTEST_USE_S:
            raise StorageBusy("the store's credentials end in a moment and are not renewed yet")
        keys = [self._bucket.key(name) for name in names]
        signed = self._signer.sign(keys, credentials, lifetime_s=lifetime_s, now=now)
        return SignedUrls(now + timedelta(seconds=lifetime_s), signed)

    def urls_until(self, now: datetime) -> datetime | None:
        return self._credentials.current()[1]

    def faults(self, *, writing: bool = True) -> list[str]:
        """Asked whether it may write, it begins an upload and throws it away."""
        try:
            with told_by_port("-"):
                self._bucket.client.head_bucket(Bucket=self._bucket.name)
                found = self._bucket.client.list_objects_v2(
                    Bucket=self._bucket.name, Prefix=self._bucket.prefix, MaxKeys=1
                )
                told_in(found, "IsTruncated")
            if writing:
                name = random_name()
                self._abort(name, begin_upload(self._bucket, name, SINGLE_PUT_SIZE + 1).upload)
        except ObjectMissing:
            return [f"there is no bucket {self._bucket.name}"]
        except StorageError as error:
            return [f"the bucket {self._bucket.name} cannot be used: {error}"]
        return []

    def public_faults(self) -> list[str]:
        faults = faults_for_strangers(self._bucket, self._stranger)
        if not self._location.is_confidential:
            faults.append(f"signed URLs of the bucket {self._location.bucket} pass the network in the clear")
        return faults

    @cached_property
    def _bucket(self) -> Bucket:
        return self._make_bucket(signed=True)

    @cached_property
    def _hurried(self) -> Bucket:
        """For a caller who waits for the answer: asked once, and not for long."""
        return self._make_bucket(signed=True, patience=HURRIED)

    @cached_property
    def _stranger(self) -> Bucket:
        return self._make_bucket(signed=False)

    @cached_property
    def _signer(self) -> QuerySigner:
        base_url = base_url_of(self._stranger.client, self._location)
        return QuerySigner(base_url, self._bucket.client.meta.region_name)

    def _make_bucket(self, *, signed: bool, patience: Patience = PATIENT) -> Bucket:
        with self._making, told_by_port("-"):
            client = make_client(self._location, session=self._session, signed=signed, patience=patience)
        return Bucket(client, self._location)

    def _uploads(self, prefix: str) -> Iterator[tuple[str, str, datetime]]:
        """Key, upload and begin of every open multipart upload below `prefix`."""
        pages = self._bucket.client.get_paginator("list_multipart_uploads")
        with told_by_port("-"):
            for page in pages.paginate(Bucket=self._bucket.name, Prefix=prefix):
                told_in(page, "IsTruncated")
                for found in page.get("Uploads", []):
                    yield found["Key"], found["UploadId"], found["Initiated"]

    def _unfinished(self, key: str, upload: str, begun: datetime) -> StoredObject:
        try:
            parts = parts_of(self._bucket, key, upload)
        except ObjectMissing:
            parts = []  # finished or thrown away while we looked
        modified = max([begun, *(part["LastModified"] for part in parts)])
        size = sum(part["Size"] for part in parts)
        return StoredObject(key.removeprefix(self._bucket.prefix), size, modified, partial=True)

    def _abort(self, name: str, upload: str) -> None:
        with told_by_port(name):
            try:
                self._bucket.client.abort_multipart_upload(**self._bucket.at(name), UploadId=upload)
            except ClientError as error:
                if code_of(error) not in ("NoSuchUpload", "404"):
                    raise
