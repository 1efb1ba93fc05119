"""What a notebook calls, imported through `course`."""
