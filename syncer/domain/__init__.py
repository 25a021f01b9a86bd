"""syncer.domain."""
