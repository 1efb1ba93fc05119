"""What a learner has shown they can do: the record of events, and the rule that reads mastery from it."""
