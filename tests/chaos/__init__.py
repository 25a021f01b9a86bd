"""The engine in a process of its own, killed, paused and woken."""
