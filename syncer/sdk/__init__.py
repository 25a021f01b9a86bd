"""syncer.sdk."""
