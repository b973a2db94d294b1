"""What the pages of the demonstration show before anybody scrolls: people, not headers."""

from collections.abc import Iterator

from playwright.sync_api import Page

DESK = (1280, 800)
TELEPHONE = (390, 844)

FIRST_SIGHT: dict[str, dict[tuple[int, int], dict[str, int]]] = {
    "my_day": {
        DESK: {"#panneau-aujourdhui :is(.day-next, .day-nothing)": 1, ".day-row": 7},
        TELEPHONE: {":is(.day-next, .day-row)": 1},
    },
    "person": {
        DESK: {
            ".file-head__needs": 1,
            "#panneau-entretiens": 1,
            "[aria-labelledby=plan-titre]": 1,
            "#messages .message": 2,
            "#messages .thread__input": 1,
        },
        TELEPHONE: {".file-head__needs": 1, ".file-tabs [aria-selected=true]": 1},
    },
    "agenda": {DESK: {".agenda__hour--now": 1}},
}
"""By page and window: how many elements of a kind must be in sight as a whole, at least."""

IN_SIGHT = """([kind, height]) => [...document.querySelectorAll(kind)].filter((element) => {
  const box = element.getBoundingClientRect();
  return box.height > 0 && box.top >= 0 && box.bottom <= height;
}).length"""


def out_of_sight(page: Page, name: str) -> Iterator[str]:
    """Look at a page that is at rest in each of its windows; yield what one has to scroll for."""
    for (width, height), kinds in FIRST_SIGHT.get(name, {}).items():
        page.set_viewport_size({"width": width, "height": height})
        for kind, least in kinds.items():
            found = page.evaluate(IN_SIGHT, [kind, height])
            if found < least:
                yield f"at {width}×{height} px only {found} of {least} {kind} are in sight"
