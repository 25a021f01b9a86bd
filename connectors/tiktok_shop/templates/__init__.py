"""Pages of the TikTok Shop sandbox besides the shop windows."""
