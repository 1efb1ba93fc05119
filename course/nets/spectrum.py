"""Singular values of J^ℓ … J^1 for every depth ℓ = 1 … 64 of one net, in one jitted call.

    spectrum(phi="tanh", init="gaussian", sigma_w=1.0, residual=False, seed=0) -> float64 (64, 64): log10 σ, NaN where unknown
"""
