"""From a recipe to a performance, a motion or a clip: the table of kinds, and what happens when one is asked for."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ..motion import Clip, Motion, canonicalise
from ..motion.motion import joint_positions
from . import actions, gestures, locomotion
from .actor import Act, Actor
from .recipe import MotionRecipe
from .retarget import retarget
from .rigs import MIXAMO, RigTemplate
from .solve import Performance, solve

#: Kinds by name and who performs them; one-sided kinds are written for the right side.
KINDS: dict[str, Callable[[Actor], Act]] = {
    act.__name__: act
    for act in (
        locomotion.walk,
        locomotion.walk_backward,
        locomotion.sidestep,
        locomotion.run,
        locomotion.turn,
        locomotion.hop,
        locomotion.crawl,
        actions.jump,
        actions.squat,
        actions.sit,
        actions.pick_up,
        actions.bow,
        actions.kick,
        gestures.wave,
        gestures.reach,
        gestures.punch,
        gestures.throw,
        gestures.clap,
        gestures.dance,
    )
}


def perform(recipe: MotionRecipe, fps: float = 60.0, margin_s: float = 0.15) -> Performance:
    """A short performance: what gives it its name, and `margin_s` before and after. ValueError for an unknown kind."""
    actor, act = _staged(recipe)
    start_s, end_s = max(0.0, act.core[0] - margin_s), min(act.duration_s, act.core[1] + margin_s)
    return _performed(recipe, actor, act, start_s, end_s, fps)


def perform_whole(recipe: MotionRecipe, fps: float = 60.0) -> tuple[Performance, tuple[float, float]]:
    """The whole act from standing to standing, and from when to when (seconds) what gives it its name happens.

    The last frame is the stance again, a whole number of frames after the first, so that another act can follow on.
    """
    actor, act = _staged(recipe)
    return _performed(recipe, actor, act, 0.0, act.duration_s, fps), act.core


def synthesise(recipe: MotionRecipe, template: RigTemplate = MIXAMO) -> Motion:
    """The recipe's short performance as a reader would give it, on the rig of a tool, at that tool's rate."""
    rig, channels = retarget(perform(recipe, template.fps), template)
    source = Path(f"{template.name}_{recipe.kind}_{recipe.style}_{recipe.seed}{template.suffix}")
    declared = template.metres_per_unit if template.suffix == ".amc" else None
    return Motion(
        rig, joint_positions(rig, channels), template.fps, source, channels=channels, metres_per_unit=declared
    )


def synthesise_clip(recipe: MotionRecipe) -> Clip:
    """The recipe's short performance on the canonical skeleton, by the way that every file takes."""
    return canonicalise(synthesise(recipe))


def _staged(recipe: MotionRecipe) -> tuple[Actor, Act]:
    if recipe.kind not in KINDS:
        close = difflib.get_close_matches(recipe.kind, KINDS) or list(KINDS)
        raise ValueError(f"no kind of motion {recipe.kind!r}; did you mean {' or '.join(close)}?")
    actor = Actor.of(recipe)
    return actor, KINDS[recipe.kind](actor)


def _performed(recipe: MotionRecipe, actor: Actor, act: Act, start_s: float, end_s: float, fps: float) -> Performance:
    frames = round((end_s - start_s) * fps)
    performance = solve(act.track(start_s + np.arange(frames + 1) / fps), actor.body, fps)
    return performance.mirrored() if recipe.side == "left" else performance
