"""The whisper player: a message handed back through a deep net, layer by layer.

    from course.views import whisper

    whisper(phi="sigmoid", depth=20, width=32, sigma_w=1.0, init="gaussian", seed=0)
    shown(whisper(phi="tanh", depth=20).figure())      # its static form

phi: "linear", "tanh", "relu" or "sigmoid"; init: "gaussian" or "orthogonal". One frame a layer, from the
output (t = 0) back to the input (t = depth). The numbers come from `course.nets.whisper.message`.
"""
