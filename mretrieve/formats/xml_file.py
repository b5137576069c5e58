"""XML files without document types, so that nothing in them expands or is fetched."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from ..errors import FormatError


class _Builder(ElementTree.TreeBuilder):
    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        raise ValueError("it has a document type")


def parse_xml(path: Path, content: bytes) -> ElementTree.Element:
    """The root element of a document.

    Raises:
        FormatError: broken XML, or a document type.
    """
    try:
        return ElementTree.fromstring(content, ElementTree.XMLParser(target=_Builder()))
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise FormatError(f"{path}: broken XML ({error}); export it again") from None
