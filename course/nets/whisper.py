"""The backward pass of a deep net, layer by layer: how the message shrinks or grows on its way to the input.

    message(layers, x, target, phi) -> Message(unit, log_norm, log_bound), arrays over ℓ = 0 … L
"""
