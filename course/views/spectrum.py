"""The spectrum explorer: all singular values of J^ℓ … J^1 against depth ℓ, live.

    from course.views import spectrum_explorer

    explorer = spectrum_explorer(depth=32, sigma_w=1.0, phi="tanh", init="gaussian", residual=False, seed=0)
    explorer                          # the last expression of a cell: the sliders
    explorer.log_sigma                # float64 (64, 64): log10 σ, depth first, largest first; NaN where unknown
    explorer.words                    # what the picture says at the chosen depth, as text
    shown(explorer.figure())          # its static form

The numbers come from `course.nets.spectrum.spectrum`.
"""
