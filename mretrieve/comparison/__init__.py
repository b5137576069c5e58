"""Why two motions are alike, and where they are not: reasons, advice, correspondence, pictures and pages."""

from .named_clip import NamedClip, NamedClips
from .reasons import Reasons, explain

__all__ = ["NamedClip", "NamedClips", "Reasons", "explain"]
