"""One notebook, from the file handed in to a result."""
