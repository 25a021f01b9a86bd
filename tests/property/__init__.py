"""Properties and models."""
