"""The audit log as a tree: places, tiles, signed heads, proofs, checks (docs/reference/audit-log.md)."""
