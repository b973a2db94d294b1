"""How often a process that serves looks for objects that only refer to each other.

By itself Python looks each time that it has made 700 objects more than it has let go. A page makes thousands, and so do
the messages of a second. Models and templates, which stay for ever, would be walked through again and again.
"""

import gc

RARELY = (20_000, 20, 100)
"""New objects after which Python looks at the youngest ones, and how many such looks before it looks at older ones."""


def look_rarely() -> None:
    """Spare what was imported until now, and look rarely from now on."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*RARELY)
