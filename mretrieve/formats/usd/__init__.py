"""USD, read by usd-core in a process of its own."""
