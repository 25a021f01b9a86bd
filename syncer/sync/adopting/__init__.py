"""Onboarding an account that already sells: walk its listings, match them, show all of it, then bind."""
