"""What ends a benchmark."""


class BenchError(Exception):
    """A row cannot be measured, or a contestant did not do its work; the message says why."""
