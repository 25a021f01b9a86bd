"""connectors.shopee."""
