"""``syncer demo``: the whole thing in one minute, on this machine, with a sandbox instead of a shop."""
