"""Excerpt of TikTok Shop's Indonesian category tree with category rules (see the head of `categories.json`)."""
