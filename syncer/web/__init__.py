"""The web server of the daemon: what comes in over HTTP."""
