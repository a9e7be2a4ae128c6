"""What the smoke test raises, one tree. Each class has a stable kebab-case reference.

    SmokeError
    ├── Refused                   may be fine elsewhere; this code does not run it
    │   ├── RemoteCodeRefused     auto_map, trust_remote_code and what is like them
    │   ├── ArchitectureRefused   not on the allow-list
    │   └── ConfigRefused         quantized, out of bounds, or refused by the architecture
    ├── Malformed                 a document that cannot be what it claims to be
    │   ├── ConfigMalformed
    │   ├── IndexMalformed
    │   ├── ReferenceMalformed
    │   └── JobMalformed
    ├── Damaged                   what was read is not what was published
    │   ├── FileMissing
    │   ├── FileSizeWrong
    │   └── FileDamaged
    └── Unavailable               nothing is known about the weights: this machine lacks something
        ├── TorchMissing
        ├── DeviceUnavailable
        └── MemoryInsufficient

A reference is the class's name in kebab-case. `run` turns the first three into problems of a report and lets
Unavailable rise: a machine that cannot test says nothing about the weights. Errors of weights_vault.sealed
count as Damaged.
"""


class SmokeError(Exception):
    """The smoke test cannot go on; reference: stable word for which check refused."""

    reference = "smoke-error"


class Refused(SmokeError):
    reference = "refused"


class RemoteCodeRefused(Refused):
    reference = "remote-code-refused"


class ArchitectureRefused(Refused):
    reference = "architecture-refused"


class ConfigRefused(Refused):
    reference = "config-refused"


class Malformed(SmokeError):
    reference = "malformed"


class ConfigMalformed(Malformed):
    reference = "config-malformed"


class IndexMalformed(Malformed):
    reference = "index-malformed"


class ReferenceMalformed(Malformed):
    reference = "reference-malformed"


class JobMalformed(Malformed):
    reference = "job-malformed"


class Damaged(SmokeError):
    reference = "damaged"


class FileMissing(Damaged):
    reference = "file-missing"


class FileSizeWrong(Damaged):
    reference = "file-size-wrong"


class FileDamaged(Damaged):
    reference = "file-damaged"


class Unavailable(SmokeError):
    reference = "unavailable"


class TorchMissing(Unavailable):
    reference = "torch-missing"


class DeviceUnavailable(Unavailable):
    reference = "device-unavailable"


class MemoryInsufficient(Unavailable):
    reference = "memory-insufficient"
