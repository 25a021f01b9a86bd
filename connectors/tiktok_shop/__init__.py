"""connectors.tiktok_shop."""
