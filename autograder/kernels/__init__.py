"""Where a stranger's kernel lives, how it starts fast, and what it may do."""
