"""The sealed format: bodies, headers, recipient keys, manifests, trust.

Pure: the standard library, cryptography and blake3. No Django, no network, no files, no clock: callers
bring bytes and `now`. Each module follows a section of docs/reference/sealed-format.md and cites it by
number.
"""
