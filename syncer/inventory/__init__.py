"""syncer.inventory."""
