"""demo"""

from __future__ import annotations

from syncer.cli.kit import command, single

app = single()


@command(app, "demo", "Coba.", "Try.")
def demo() -> None:
    """Demo."""
