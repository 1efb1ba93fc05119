"""A trajectory player: data with a leading frame axis, sent to the browser once and played there.

    from course.views import Bars, Grid, Labels, Lines, Panel, Player, Points

    norms = ...                                            # (T, L): frame first
    Player(
        [Panel([Bars(layers, norms, label="‖δ‖")], title="The message", xlabel="layer ℓ", ylabel="norm", yscale="log")],
        frames=[f"δ reaches layer {l}" for l in layers],   # T labels
        title="A whisper", alt="What the picture shows, in a sentence.", takeaway="What to remember.",
    )

Marks: `Bars`, `Points`, `Lines`, `Grid` (heat map), `Labels` (text). Every array of a mark either has the
leading frame axis T, or lacks it and then stands still. NaN is drawn as nothing. `Player.figure()` is the
static form: some frames side by side.
"""
