"""What passes between a stranger's kernel and the judge: JSON of a fixed schema and an npz of plain numbers, both bounded."""
