"""A process that has imported what notebooks import, and forks a kernel from itself for whoever asks."""
