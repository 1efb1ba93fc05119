"""The learner's record as a file to download and upload, and the browser's copy of it."""
