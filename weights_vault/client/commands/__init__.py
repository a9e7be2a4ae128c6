"""What each command of `weights` does. Everything heavy is imported inside the commands: `--help` loads typer
alone.
"""
