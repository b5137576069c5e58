"""Why two motions are alike, and where they are not: explanation, advice, correspondence, pictures and pages."""

from .explanation import Explanation, explain
from .named_clip import NamedClip

__all__ = ["Explanation", "NamedClip", "explain"]
