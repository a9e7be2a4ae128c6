"""The ratio tables of docs/reference/benchmarks.md: `make bench`, or `python -m tests.benchmarks`."""
