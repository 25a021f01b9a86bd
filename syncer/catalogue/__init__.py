"""syncer.catalogue."""
