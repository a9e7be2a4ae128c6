"""What can be wrong with sealed things, by cause.

    SealedError
    ├── Malformed                 not in the format at all; no key was involved
    │   ├── HeaderMalformed
    │   ├── ManifestMalformed
    │   ├── KeyMalformed
    │   ├── EnvelopeMalformed     envelopes, trust documents, heads
    │   ├── ChallengeMalformed
    │   ├── TensorHeaderMalformed
    │   └── LogMalformed          notes, checkpoints, proofs, tiles of the audit log
    ├── Tampered                  in the format, but not what was made
    │   ├── HeaderTampered
    │   ├── PartTampered          carries `index`
    │   ├── SignatureInvalid
    │   ├── DigestMismatch
    │   └── LogTampered           a signature, a proof or a commitment of the audit log does not hold
    └── Refused                   genuine, but not to be accepted here and now
        ├── HeaderNotForYou
        ├── HeaderMislabeled
        ├── KeyUnsuitable
        ├── WrongSubject          signed, but for another portal or release
        ├── RolledBack
        ├── Expired
        └── ChallengeRefused

A message never holds key material. A programmer's mistake (a buffer of the wrong size, a part that does not
exist) is a RuntimeError and not in this tree.
"""


class SealedError(Exception):
    """Something sealed cannot be accepted.

    reference: stable word in kebab-case that says which check refused, for people who ask for help.
    """

    reference = "sealed-error"

    def __init__(self, message: str, *, reference: str | None = None) -> None:
        super().__init__(message)
        if reference is not None:
            self.reference = reference


class Malformed(SealedError):
    reference = "malformed"


class HeaderMalformed(Malformed):
    reference = "header-malformed"


class ManifestMalformed(Malformed):
    reference = "manifest-malformed"


class KeyMalformed(Malformed):
    reference = "key-malformed"


class EnvelopeMalformed(Malformed):
    reference = "envelope-malformed"


class ChallengeMalformed(Malformed):
    reference = "challenge-malformed"


class TensorHeaderMalformed(Malformed):
    reference = "tensor-header-malformed"


class LogMalformed(Malformed):
    reference = "log-malformed"


class Tampered(SealedError):
    reference = "tampered"


class HeaderTampered(Tampered):
    reference = "header-tampered"


class PartTampered(Tampered):
    reference = "part-tampered"

    def __init__(self, index: int, message: str | None = None) -> None:
        """index: number of the part in its file, from 0."""
        super().__init__(message or f"part {index} is not what was sealed")
        self.index = index

    def __reduce__(self) -> tuple[type["PartTampered"], tuple[int, str]]:
        # Exceptions cross process pools by pickling; the default would pass the message as the index.
        return (PartTampered, (self.index, str(self)))


class SignatureInvalid(Tampered):
    reference = "signature-invalid"


class DigestMismatch(Tampered):
    reference = "digest-mismatch"


class LogTampered(Tampered):
    reference = "log-tampered"


class Refused(SealedError):
    reference = "refused"


class HeaderNotForYou(Refused):
    reference = "header-not-for-you"


class HeaderMislabeled(Refused):
    reference = "header-mislabeled"


class KeyUnsuitable(Refused):
    reference = "key-unsuitable"


class WrongSubject(Refused):
    reference = "wrong-subject"


class RolledBack(Refused):
    reference = "rolled-back"


class Expired(Refused):
    reference = "expired"


class ChallengeRefused(Refused):
    reference = "challenge-refused"
