"""The `weights` command: asks the portal, downloads sealed releases, opens, verifies and smoke-tests them.

Imports weights_vault.sealed, the standard library, httpx, typer, rich and keyring; weights_vault.smoke only
inside the smoke-test command. Neither Django nor torch.
"""
