"""cgpymail: a multi-protocol mail daemon on Twisted; see docs/architecture.md for the layers."""

__version__ = "0.1.0"
