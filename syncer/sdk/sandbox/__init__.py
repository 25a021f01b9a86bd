"""syncer.sdk.sandbox."""
