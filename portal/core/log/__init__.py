"""The audit log as a tree: places, tiles, signed heads, proofs, and what is checked (docs/reference/audit-log.md)."""
