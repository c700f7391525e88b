"""Serendipity: a desk for an answered question. The plan is in docs/architecture.md."""

__version__ = "0.1.0"
