"""A small app whose jobs can be watched from outside the worker that does them."""
