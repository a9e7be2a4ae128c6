"""The credentials that sign URLs, and when they end.

Temporary ones (an instance's role, `AWS_CREDENTIAL_EXPIRATION` in the environment) are renewed by botocore
ten to fifteen minutes before they end. A URL dies with the credentials that signed it, whatever lifetime it
names (G7).
"""

from datetime import datetime
from threading import Lock

import boto3

from weights_vault.storage.port import StorageError
from weights_vault.storage.s3_errors import told_by_port
from weights_vault.storage.sigv4 import SigningCredentials

LOOKS = 5


class CredentialSource:
    """Looks the credentials up where boto3 does; one look serves a batch of URLs."""

    def __init__(self, session: boto3.Session) -> None:
        self._session = session
        self._lock = Lock()  # a session of boto3 is not for several threads

    def current(self) -> tuple[SigningCredentials, datetime | None]:
        """The credentials as they are now, and their end; None where they have none that is known.

        Raises: StorageError: there are none, or they could not be renewed.
        """
        with self._lock, told_by_port("-"):
            found = self._session.get_credentials()
        if found is None:
            raise StorageError("there are no credentials for the store")
        for _ in range(LOOKS):
            frozen = self._frozen(found)
            # botocore tells the end of credentials nowhere else.
            until: datetime | None = getattr(found, "_expiry_time", None)
            if self._frozen(found) == frozen:  # not renewed between the two looks
                return SigningCredentials(frozen.access_key, frozen.secret_key, frozen.token or None), until
        raise StorageError("the store's credentials change without end")

    def _frozen(self, found: "boto3.session.Credentials") -> "boto3.session.ReadOnlyCredentials":
        try:
            with told_by_port("-"):
                return found.get_frozen_credentials()
        except RuntimeError:
            # What botocore raises when what it got as fresh credentials has ended as well.
            raise StorageError("the store's credentials have ended and are not renewed") from None
