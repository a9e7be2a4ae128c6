"""The smoke test: proves that weights which arrived are the weights that were published, and that they work.

Stands on weights_vault.sealed, torch, safetensors and transformers; torch is imported by `run` and `record`
alone, when a level needs it. What each level proves: docs/reference/smoke-test.md.
"""
