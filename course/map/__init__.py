"""The course's map: where each unit lies, what is open, and practice below it."""
