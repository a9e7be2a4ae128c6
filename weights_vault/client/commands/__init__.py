"""What each command of `weights` does. Heavy imports stand inside them: `--help` loads typer alone."""
