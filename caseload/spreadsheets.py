"""Files that a spreadsheet opens."""

BYTE_ORDER_MARK = "\ufeff"
"""Without it a French spreadsheet takes UTF-8 for Windows-1252."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: an apostrophe before what begins like one."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell
