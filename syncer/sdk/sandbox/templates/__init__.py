"""Templates, style and script of the shop window."""
