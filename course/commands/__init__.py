"""What is typed of the course, beside `study` and the authors' commands."""
