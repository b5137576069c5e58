"""Learning a user's own labels in minutes, and refusing where nothing is gained."""

from .adapt import Adaptation, adapt

__all__ = ["Adaptation", "adapt"]
