"""``syncer run``: the daemon."""

from __future__ import annotations

from syncer.cli.desk import open_desk
from syncer.cli.kit import command, single

app = single()


@command(
    app,
    "run",
    "Jalankan terus: setiap perubahan langsung sampai di semua toko.",
    "Keep running: every change reaches every shop at once.",
)
def run() -> None:
    """Run the daemon until SIGTERM or SIGINT."""
    from syncer.cli.texts import language
    from syncer.daemon import run_daemon

    desk = open_desk()
    desk.logs(desk.settings.log_level)
    run_daemon(desk.settings, desk.deps, language=language())
