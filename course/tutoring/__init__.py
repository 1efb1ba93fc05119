"""What is asked, in which order, and what is made of the answers: plain state, no widgets."""
