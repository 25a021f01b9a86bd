"""Orders in: by webhook, by poll, and by the doors that people open themselves."""
