"""A market on real sandboxes, a daemon beside it, and a checker that knows nothing of the daemon."""
