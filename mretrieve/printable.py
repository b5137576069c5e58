"""Text of any origin, such as file and joint names, made safe to show."""

from __future__ import annotations


def printable(text: str) -> str:
    """Text for a terminal or a page: control characters and bytes that are not UTF-8 are shown as escapes."""
    text = text.encode("utf-8", "backslashreplace").decode()
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)
