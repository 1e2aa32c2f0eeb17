"""What mail operations mean: rights, views, changes, names, delivery, search."""
