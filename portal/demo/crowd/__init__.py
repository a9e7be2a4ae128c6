"""A crowd of invented people and their requests: for trying the desk, and measuring it, with many of them."""

from portal.demo.crowd.plan import Plan, seed

__all__ = ["Plan", "seed"]
