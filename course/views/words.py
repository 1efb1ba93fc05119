"""Numbers as a reader says them: powers of ten, from their logarithm, so that none is too small to say."""

from __future__ import annotations

import math
from typing import SupportsFloat

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def raised(n: int) -> str:
    """n as a superscript: raised(-12) is "⁻¹²"."""
    return str(n).translate(_RAISED)


def power(log10: SupportsFloat) -> str:
    """10^log10 to two significant digits: "0.35", "42", "2.1 × 10⁻⁷"; "0" for −∞, "unknown" for NaN."""
    log10 = float(log10)
    if math.isnan(log10):
        return "unknown"
    if log10 == -math.inf:
        return "0"
    exponent = math.floor(log10)
    mantissa = f"{10 ** (log10 - exponent):.1f}"
    if mantissa == "10.0":
        mantissa, exponent = "1.0", exponent + 1
    if -3 <= exponent <= 3:
        return f"{float(mantissa) * 10.0**exponent:.{max(0, 1 - exponent)}f}"
    return f"{mantissa} × 10{raised(exponent)}"
