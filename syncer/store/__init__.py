"""syncer.store."""
