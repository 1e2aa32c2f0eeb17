"""cgpymail beside Dovecot, in one run, on loopback: ``make bench`` (docs/benchmarks.md)."""
