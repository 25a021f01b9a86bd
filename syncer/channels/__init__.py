"""syncer.channels."""
