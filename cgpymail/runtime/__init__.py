"""What the process lends to everyone: clock, threads, files, spool, logs, limits."""
