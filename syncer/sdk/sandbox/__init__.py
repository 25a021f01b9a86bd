"""The base of a local marketplace: faults, call log, movable clock, control API, shop window, runner.

A connector's sandbox subclasses `Sandbox`; a test starts it with `SomeSandbox.start()`, the command line
with `run_sandbox(name, port)`.
"""

from __future__ import annotations

from syncer.sdk.sandbox.base import ControlError, Page, Sandbox, Theme, WindowOffer, WindowProduct
from syncer.sdk.sandbox.exchange import Answer, Call, Operation, Upload
from syncer.sdk.sandbox.faults import Fault
from syncer.sdk.sandbox.limits import Limits
from syncer.sdk.sandbox.orders import Buyer, ForSale, OrderError, OrderWords, SoldLine, SoldOrder
from syncer.sdk.sandbox.postman import Address, BadAddressError, Letter
from syncer.sdk.sandbox.reserved import ReservedPathError
from syncer.sdk.sandbox.runner import SandboxError, run_sandbox, sandbox_class, sandbox_names
from syncer.sdk.sandbox.server import PortInUseError, RunningSandbox

__all__ = [
    "Address",
    "Answer",
    "BadAddressError",
    "Buyer",
    "Call",
    "ControlError",
    "Fault",
    "ForSale",
    "Letter",
    "Limits",
    "Operation",
    "OrderError",
    "OrderWords",
    "Page",
    "PortInUseError",
    "ReservedPathError",
    "RunningSandbox",
    "Sandbox",
    "SandboxError",
    "SoldLine",
    "SoldOrder",
    "Theme",
    "Upload",
    "WindowOffer",
    "WindowProduct",
    "run_sandbox",
    "sandbox_class",
    "sandbox_names",
]
