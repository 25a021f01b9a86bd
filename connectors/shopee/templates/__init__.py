"""Pages of the Shopee sandbox besides the shop window."""
