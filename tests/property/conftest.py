"""The same small world as the engine's own tests."""

from tests.sync.conftest import world

__all__ = ["world"]
