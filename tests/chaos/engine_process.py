"""Run the engine as a process that a test can kill: ``python -m tests.chaos.engine_process JSON``.

JSON: ``url``, ``home``, ``timing`` (fields of Timing) and, if wanted, ``point``, ``times`` and ``signal``: at the
n-th time that the point is reached the process sends itself that signal. Points are laid around the engine's own
functions from here, so the product knows nothing of them.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from syncer.store.engine import open_engine
from syncer.store.sealed import open_keys
from syncer.sync import carry_out, worker
from syncer.sync.service import Deps, Service
from syncer.sync.shop import Timing

POINTS = ("claimed", "before_call", "after_call", "recorded", "picture_sent")


def lay_point(point: str, times: int, number: int) -> None:
    """Make the process signal itself when it reaches ``point`` for the ``times``-th time."""
    left = [times]
    lock = threading.Lock()

    def reached() -> None:
        with lock:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), number)

    def after(function: Callable[..., Any], *, only_if_true: bool = False) -> Callable[..., Any]:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            result = function(*args, **kwargs)
            if result or not only_if_true:
                reached()
            return result

        return wrapped

    def before(function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            reached()
            return function(*args, **kwargs)

        return wrapped

    if point == "claimed":
        worker.claim = after(worker.claim, only_if_true=True)
    elif point == "before_call":
        carry_out._apply = before(carry_out._apply)
    elif point == "after_call":
        carry_out._apply = after(carry_out._apply)
    elif point == "recorded":
        carry_out.record_write = after(carry_out.record_write)
    elif point == "picture_sent":
        worker.upload = after(worker.upload)
    else:
        raise ValueError(point)


def main() -> None:
    """Run until SIGTERM."""
    order = json.loads(sys.argv[1])
    if "point" in order:
        lay_point(order["point"], order["times"], order.get("signal", signal.SIGKILL))
    home = Path(order["home"])
    engine = open_engine(order["url"], home=home)
    done = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: done.set())
    service = Service(Deps(engine, open_keys(engine, home), home, Timing(**order["timing"])))
    service.start()
    print("running", flush=True)
    done.wait()
    service.stop(10)


if __name__ == "__main__":
    main()
