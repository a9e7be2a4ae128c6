"""The client of boto3 for a bucket, and the addresses it would use."""

from dataclasses import dataclass
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config

from weights_vault.storage.s3_location import S3Location

ATTEMPTS = 4  # of boto3, with its backoff, before an error is told
MAX_CONNECTIONS = 32


@dataclass(frozen=True)
class Patience:
    """Seconds for one try; attempts: None for ATTEMPTS."""

    connect_s: float
    read_s: float
    attempts: int | None = None


PATIENT = Patience(connect_s=5, read_s=60)
HURRIED = Patience(connect_s=1.5, read_s=2.5, attempts=1)


def make_client(
    location: S3Location, *, session: boto3.Session, signed: bool = True, patience: Patience = PATIENT
) -> Any:
    """A client of boto3, safe for threads. `signed=False`: one that asks as a stranger would."""
    return session.client(
        "s3",
        endpoint_url=location.endpoint,
        region_name=location.region,
        config=Config(
            # Older botocore and other stores' regions would choose version 2, which few stores still take.
            signature_version="s3v4" if signed else UNSIGNED,
            s3={
                "addressing_style": "path" if location.path_style else "virtual",
                # A SHA-256 of each piece costs more than sending it, and TLS says as much; the gate reads
                # every byte back, and opens it, before anything is published.
                "payload_signing_enabled": not location.is_confidential,
            },
            connect_timeout=patience.connect_s,
            read_timeout=patience.read_s,
            retries={"mode": "standard", "total_max_attempts": patience.attempts or ATTEMPTS},
            max_pool_connections=MAX_CONNECTIONS,
            request_checksum_calculation=location.checksums,
            response_checksum_validation=location.checksums,
        ),
    )


def base_url_of(client: Any, location: S3Location) -> str:
    """What stands before "/" and the key in a URL of this bucket, as boto3's rules for endpoints have it.

    client: one that does not sign.
    """
    address: str = client.generate_presigned_url("get_object", {"Bucket": location.bucket, "Key": "key"})
    return address.partition("?")[0].removesuffix("/key")
