"""The audit log's format: entries, the Merkle tree over them, signed notes, checkpoints, proofs. Pure.

Specification: docs/reference/audit-log.md.
"""
