"""Excerpt of Shopee's category tree with attribute definitions (see the head of `categories.json`)."""
