"""What several skills share."""


def places(n, kernel, stride=1, padding=0):
    """⌊(n + 2·padding − kernel)/stride⌋ + 1."""
    return (n + 2 * padding - kernel) // stride + 1
