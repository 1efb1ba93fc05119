"""What an instructor sees of a class: the page, why a score, grades for a learning platform."""
