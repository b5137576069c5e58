"""The training of `normalized-pose`."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from mretrieve.demo import MotionRecipe, synthesise_clip
from mretrieve.encoders.body_sequence import BONE_LENGTHS_M
from mretrieve.encoders.systems.normalized_pose import NormalizedPose
from mretrieve.encoders.weights_file import read_encoder
from mretrieve.evaluation.direct_lifting import DirectLifting
from mretrieve.lifting.body import joint_places
from mretrieve.lifting.input_frames import input_frames
from mretrieve.lifting.weights_file import shipped_network
from mretrieve.motion import LabelledClip
from mretrieve.motion.camera import Camera, film
from mretrieve.motion.detection import as_detected
from mretrieve.motion.quaternion_pose import bone_directions_of
from mretrieve.training.card import data_card, save_encoder, training_card
from mretrieve.training.loop import InterruptedTrainingError, RunOptions, run_task
from mretrieve.training.normalized_poses.examples import PoseBatch
from mretrieve.training.normalized_poses.losses import filmed_again, pose_losses, triplet_loss
from mretrieve.training.normalized_poses.network import FeatureNetwork, NormalizedPoseTorch
from mretrieve.training.systems.normalized_pose import RECIPES, NormalizedPoseTask

SMALL = replace(
    RECIPES["normalized-pose"],
    width=24,
    dilations=(1, 2),
    from_lifting=False,
    hidden=16,
    batch=3,
    longest=40,
    updates=6,
    validate_every=3,
)


@cache
def clips() -> tuple[LabelledClip, ...]:
    kinds = ("walk", "squat", "kick")
    return tuple(LabelledClip(synthesise_clip(MotionRecipe(kind)), kind, kind, kind) for kind in kinds)


@cache
def drawn() -> PoseBatch:
    torch.manual_seed(0)
    return NormalizedPoseTask(SMALL, clips()).draw(np.random.default_rng(0), 0.0)


@cache
def network() -> NormalizedPoseTorch:
    torch.manual_seed(1)
    made = NormalizedPoseTorch(SMALL)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return made.eval()


@cache
def losses() -> dict[str, torch.Tensor]:
    with torch.inference_mode():
        return pose_losses(network(), drawn(), SMALL)


def rotations(frames: torch.Tensor) -> np.ndarray:
    with torch.inference_mode():
        return network().quaternions(frames, drawn().valid).numpy()


def places(quaternions: np.ndarray, row: int) -> np.ndarray:
    """Positions (N, 18, 3) of the source skeleton of a row of the batch."""
    return joint_places(bone_directions_of(quaternions[row]), drawn().lengths[row].numpy())


def true_places(row: int) -> np.ndarray:
    return joint_places(drawn().directions[row].numpy(), drawn().lengths[row].numpy())


def mean_error(quaternions: np.ndarray) -> float:
    """Mean distance of all joints in all frames that are not padding."""
    distances = []
    for row in range(len(quaternions)):
        frames = int(drawn().valid[row].sum())
        has = drawn().has[row].numpy() > 0
        error = np.linalg.norm(places(quaternions, row) - true_places(row), axis=2)
        distances.append(error[:frames, has].ravel())
    return float(np.concatenate(distances).mean())


def test_quaternions_have_length_one():
    lengths = (rotations(drawn().frames) ** 2).sum(axis=-1)
    np.testing.assert_allclose(lengths, 1.0, atol=1e-5)


def test_reconstruction_is_the_distance_on_the_source_skeleton():
    assert float(losses()["reconstruction"]) == pytest.approx(mean_error(rotations(drawn().frames)), abs=1e-3)


def test_cycle_and_consistency_are_of_the_rotations_of_the_condition_skeleton_that_is_filmed_again():
    first = rotations(drawn().frames)
    with torch.inference_mode():
        again = rotations(filmed_again(drawn(), losses()["directions"]))
    assert float(losses()["cycle"]) == pytest.approx(mean_error(again), abs=1e-3)
    squares = np.minimum(((first - again) ** 2).sum(axis=-1), ((first + again) ** 2).sum(axis=-1))
    expected = squares[drawn().valid[..., 0].numpy() > 0].mean()
    assert float(losses()["consistency"]) == pytest.approx(expected, abs=1e-4)


def test_contact_is_the_squared_speed_of_standing_feet():
    found = rotations(drawn().frames)
    slips = []
    for row in range(len(found)):
        frames = int(drawn().valid[row].sum())
        feet = places(found, row)[:frames, [6, 7, 8, 9]] + drawn().path[row, :frames, None].numpy()
        squares = ((np.diff(feet, axis=0) * 15) ** 2).sum(axis=2)
        slips.append(squares[drawn().standing[row, : frames - 1].numpy() > 0])
    assert float(losses()["contact"]) == pytest.approx(float(np.concatenate(slips).mean()), rel=1e-3)


def test_losses_can_be_left_out():
    with torch.inference_mode():
        found = pose_losses(network(), drawn(), replace(SMALL, cycle=0.0, consistency=0.0, contact=0.0))
    assert set(found) == {"directions", "reconstruction"}


def test_true_rotations_on_the_condition_skeleton_are_filmed_nearly_as_the_clip_was():
    again = filmed_again(drawn(), drawn().directions)
    own, same = drawn().frames[..., :24], again[..., :24]
    assert float((own - same).abs().mean()) < 0.12  # other bones, a detector's errors of up to 3 cm each
    torch.testing.assert_close(again[..., 24:], drawn().frames[..., 24:])


def test_the_second_half_of_a_batch_is_the_first_in_the_mirror():
    batch = drawn()
    half = len(batch.frames) // 2
    flip = torch.tensor([-1.0, 1.0, 1.0])
    torch.testing.assert_close(batch.path[half:], batch.path[:half] * flip)
    again = filmed_again(batch, batch.directions)
    x = again[:half, ..., 0] + again[half:, ..., 2]  # left hip, right hip
    assert float(x.abs().max()) < 1e-4


def test_the_triplet_loss_compares_estimated_and_exact_poses():
    torch.manual_seed(2)
    embed = FeatureNetwork(16).eval()
    estimated, exact = torch.randn(2, 8, 18, 3), torch.randn(2, 8, 18, 3)
    triplets = torch.tensor([[[0, 1, 5], [2, 2, 7]], [[3, 3, 3], [4, 5, 0]]])
    with torch.inference_mode():
        found = float(triplet_loss(embed, estimated, exact, triplets, 0.2))
        values = []
        for one, other in ((estimated, exact), (exact, estimated)):
            for row, (anchor, positive, negative) in ((0, (0, 1, 5)), (0, (2, 2, 7)), (1, (4, 5, 0))):
                near = (embed(one[row, anchor]) - embed(other[row, positive])).square().sum()
                far = (embed(one[row, anchor]) - embed(other[row, negative])).square().sum()
                values.append(max(0.0, float(near - far) + 0.2))
    assert found == pytest.approx(float(np.mean(values)), abs=1e-5)


def test_no_gradient_of_the_metric_reaches_the_rotations():
    task = NormalizedPoseTask(SMALL, clips())
    made: NormalizedPoseTorch = task.network  # type: ignore[assignment]
    own = pose_losses(made, drawn(), SMALL)
    weighed = own["reconstruction"] + sum(
        getattr(SMALL, name) * own[name] for name in ("cycle", "consistency", "contact")
    )
    weighed.backward()
    alone = made.rotations.leave.weight.grad.clone()
    made.zero_grad()
    task.loss(drawn(), torch.device("cpu")).backward()
    torch.testing.assert_close(made.rotations.leave.weight.grad, alone, rtol=1e-4, atol=1e-6)
    assert made.features.leave.weight.grad.abs().sum() > 0


def test_numpy_and_torch_compute_the_same():
    torch.manual_seed(3)
    task = NormalizedPoseTask(SMALL, clips())
    encoder = task.result()
    made: NormalizedPoseTorch = task.network.eval()  # type: ignore[assignment]
    poses = encoder.normalised(clips()[0].clip)
    expected = made.features(torch.from_numpy(poses)).detach().numpy()
    np.testing.assert_allclose(encoder.features_of(poses), expected, atol=5e-3)  # half precision


def test_the_rotations_start_from_the_lifting_network():
    recipe = type(RECIPES["normalized-pose"])(architecture="normalized-pose")  # other tests make the shipped one small
    started = NormalizedPoseTorch(recipe).rotations
    shipped = shipped_network()
    np.testing.assert_array_equal(
        started.enter.weight.detach(), shipped.to_tensors()["enter.weight"].astype(np.float32)
    )
    frames = input_frames(as_detected(film(clips()[0].clip, Camera(150.0, 10.0))))
    with torch.inference_mode():
        heading = started(torch.from_numpy(frames)[None], torch.ones(1, len(frames), 1))[0, :, -2:].numpy()
    vectors = shipped.forward(frames)
    to_the_left = vectors[:, 0:3] - vectors[:, 3:6]  # from the right hip to the left
    np.testing.assert_allclose(heading, to_the_left[:, [0, 2]] * [1, -1], atol=1e-3)


def test_training_lowers_the_loss():
    recipe = replace(SMALL, updates=60, validate_every=20)
    trained = run_task(lambda: NormalizedPoseTask(recipe, clips()), 0, RunOptions())
    assert trained.milestones[-1].loss < 0.9 * trained.milestones[0].loss


def test_a_resumed_run_gives_the_same_weights(tmp_path: Path):
    whole = run_task(lambda: NormalizedPoseTask(SMALL, clips()), 0, RunOptions()).encoder
    calls = iter([False, False, True])
    stopped = RunOptions(checkpoint=tmp_path / "state", stopped=lambda: next(calls, False))
    with pytest.raises(InterruptedTrainingError):
        run_task(lambda: NormalizedPoseTask(SMALL, clips()), 0, stopped)
    options = RunOptions(checkpoint=tmp_path / "state", resume=True)
    assert run_task(lambda: NormalizedPoseTask(SMALL, clips()), 0, options).encoder.fingerprint == whole.fingerprint


def test_the_weights_file_gives_the_same_vectors(tmp_path: Path):
    trained = run_task(lambda: NormalizedPoseTask(SMALL, clips(), clips()), 0, RunOptions())
    assert trained.milestones[-1].score is not None
    file = tmp_path / "small.safetensors"
    save_encoder(file, trained.encoder, training_card(trained, data_card(["generated"], clips(), (), "free"), "train"))
    read = read_encoder(file).encoder
    assert isinstance(read, NormalizedPose)
    assert read.fingerprint == trained.encoder.fingerprint
    clip = clips()[0].clip
    np.testing.assert_array_equal(read.encode([clip]), trained.encoder.encode([clip]))


def test_direct_lifting_gives_positions_and_its_mirror():
    trained = run_task(lambda: NormalizedPoseTask(replace(SMALL, direct=True), clips()), 0, RunOptions())
    assert isinstance(trained.encoder, DirectLifting)
    view = as_detected(film(clips()[0].clip, Camera(30.0)))
    assert trained.encoder.positions(view).shape == (view.frame_count, 18, 3)


def test_the_condition_skeleton_is_that_of_the_other_encoders():
    directions = np.zeros((1, 17, 3), np.float32)
    directions[..., 1] = 1.0
    batch = drawn()
    upright = torch.from_numpy(directions).expand(len(batch.frames), batch.frames.shape[1], 17, 3)
    level = replace(batch, axes=torch.eye(3).expand(len(batch.frames), 3, 3), nearness=torch.zeros(len(batch.frames)))
    image = filmed_again(level, upright)[0, 0, :24].reshape(12, 2)
    left_knee = image[2, 1]
    seen = float(batch.frames[0, 0, 26])
    assert float(left_knee) == pytest.approx(BONE_LENGTHS_M[3] * (seen > 0), abs=1e-5)
