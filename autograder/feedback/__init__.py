"""The page a learner gets back."""
