"""nbgrader's database, one transaction a submission."""
