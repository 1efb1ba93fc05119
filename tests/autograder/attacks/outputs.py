"""What is shown: too much of it, or what does something to who looks."""

from __future__ import annotations

from .attack import Handed, Place, attack, code

SCRIPT = code("""
    SCRIPT = f'<script>{MARK}()</script><img src=x onerror={MARK}()><svg onload={MARK}()>'
    SCRIPT += f'<iframe srcdoc="<script>{MARK}()</script>"></iframe><a href="javascript:{MARK}()">x</a>'
    SCRIPT += f'<style>@import "//{MARK}"</style><form action="//{MARK}"><object data="//{MARK}">'
""")


@attack("output-bomb", "Lines are printed for as long as the cell may run.")
def _(n: Handed, at: Place) -> None:
    n.put(count="count = 19\nwhile True: print('x' * 10_000)")


@attack("display-bomb", "Pictures of fifty megabytes are shown.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=code("""
            from IPython.display import publish_display_data
            count = 19
            for _ in range(20): publish_display_data({'text/plain': 'x' * 50_000_000, 'image/png': 'A' * 50_000_000})
        """)
    )


@attack(
    "script-everywhere", "Script in every type of output, and as text, attachment and error.", quick=True, page=True
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SCRIPT
        + code("""
            from IPython.display import publish_display_data
            KINDS = ('text/html', 'image/svg+xml', 'text/markdown', 'text/latex',
                'application/javascript', 'text/plain', 'application/json', 'application/pdf',
                'image/png', 'image/jpeg', 'image/gif', 'video/mp4',
                'application/vnd.jupyter.widget-view+json', 'application/vnd.plotly.v1+json', 'text/vnd.mermaid')
            for kind in KINDS:
                shown = {'model_id': SCRIPT, SCRIPT: SCRIPT} if kind.endswith('json') else SCRIPT
                publish_display_data({kind: shown}, metadata={kind: {'width': SCRIPT, 'alt': SCRIPT}})
            publish_display_data({'image/svg+xml': '<svg xmlns="http://www.w3.org/2000/svg">' + SCRIPT + '</svg>'})
            print(SCRIPT)
            count = 19
            raise type(SCRIPT, (Exception,), {})(SCRIPT)
        """),
        why=f"<script>{at.mark}()</script>\n\n<img src=x onerror={at.mark}()>\n\n[x](javascript:{at.mark}())\n\n"
        f'![x]("onerror={at.mark}())\n\n$\\text{{<script>{at.mark}()</script>}}$\n\n<details ontoggle={at.mark}() open>',
    )
    n.add(f"<script>{at.mark}()</script>", kind="raw", metadata={"raw_mimetype": "text/html", "format": "text/html"})


@attack(
    "script-in-errors", "Script in what the function that is judged raises, in its name and in its type.", page=True
)
def _(n: Handed, at: Place) -> None:
    n.put(
        relu=at.known()
        + SCRIPT
        + code("""
            def relu(z):
                raise type(f'<script>{MARK}()</script>', (Exception,), {})(SCRIPT)
            relu.__name__ = relu.__qualname__ = SCRIPT
        """),
        scale=at.known() + SCRIPT + "scale = SCRIPT",
    )


@attack("odd-outputs", "Outputs that are not what their type says: numbers, lists and words for pictures and widgets.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=code("""
            from IPython.display import publish_display_data
            count = 19
            KINDS = ('text/html', 'image/svg+xml', 'image/png', 'text/plain', 'application/vnd.jupyter.widget-view+json')
            for kind in KINDS:
                for shown in (7, ['x', ['y']], {}, None, 'word'): publish_display_data({kind: shown}, metadata={kind: shown})
        """)
    )


@attack("script-in-attachments", "Script in the data of attached pictures, and in their names.", page=True)
def _(n: Handed, at: Place) -> None:
    data = f'x" onerror="{at.mark}()"><script>{at.mark}()</script>'
    n.cell("why")["attachments"] = {name: {"image/png": data, "text/html": data} for name in ("a.png", data)}
    n.cell("why")["source"] = f"![x](attachment:a.png)\n\n![y](attachment:{data})\n\n<img src='attachment:a.png'>"


@attack("ansi", "Colours, cursor movements and a new window title, for who reads it in a terminal.", page=True)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=code(r"""
            count = 19
            print('\x1b[2J\x1b[H\x1b]0;12 of 12\x07\x1b[8mhidden\x1b[0m\x1b]8;;http://x\x07link\x9b31m\r12 of 12')
        """),
        relu="def relu(z):\n    raise ValueError('\\x1b[2J\\x1b]0;12 of 12\\x07\\r\\n12 of 12')",
    )


@attack(
    "bidi", "Letters that turn the line around, so that 0 of 4 reads as 4 of 0, in names, errors and text.", page=True
)
def _(n: Handed, at: Place) -> None:
    n.put(
        relu="def relu(z):\n    raise ValueError('\\u202e4 fo 4\\u2066 \\u200b\\u2028')",
        why="\u202estniop 21 fo 21\u2069 \u200f",
        guess="guess = 0 # \u202e24 == sseug\u2066",
    )


@attack("forged-panel", "A panel like the judge's is shown, with full points.", page=True)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=code("""
            from IPython.display import HTML, display
            count = 19
            panel = '<div class="isometry-panel"><div>Right: 12 of 12 points</div></div>'
            display(HTML(f'</section></main><section class="check right">{panel}</section>'))
        """)
    )


@attack("stderr", "Raw bytes to the grader's output and error.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=code(r"""
            import os, sys
            count = 19
            for fd in (1, 2):
                os.write(fd, b'\xff\x00 12 of 12 \x1b[2J' * 1000)
            sys.stderr.write('x' * 10**6)
        """)
    )


@attack("late-updates", "Outputs of checks that are over are changed from later cells.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=code("""
            scale = 9.0
            from IPython.display import display, update_display
            honest = check
            def check(*a, **k):
                display(0.0, display_id='points')
                honest(*a, **k)
        """),
        count="update_display(2.0, display_id='points')\ncount = 19",
    )
