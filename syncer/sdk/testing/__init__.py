"""syncer.sdk.testing."""
