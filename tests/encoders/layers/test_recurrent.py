"""The recurrent layers: equal to their equations number by number, gradients too, and blind to padding and batch."""

from __future__ import annotations

import math
from functools import partial

import pytest
import torch
from torch import Tensor

from mretrieve.encoders.layers.packing import Packing
from mretrieve.encoders.layers.recurrent import VARIANCE_FLOOR, IndRNN, LayerNormLSTM, valid_frames

LENGTHS = torch.tensor([5, 1, 7, 4])


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def layer_norm_lstm(normalise: bool = True, inputs: int = 3, hidden: int = 4) -> LayerNormLSTM:
    """With weights large enough that every term of the equations counts."""
    layer = LayerNormLSTM(inputs, hidden, normalise).double()
    with torch.no_grad():
        for seed, weights in enumerate(layer.parameters(), start=10):
            weights.copy_(normal(*weights.shape, seed=seed))
    return layer


# -- LayerNormLSTM against equations 9 to 15 ---------------------------------------------------------------------------


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def plain_direction(layer: LayerNormLSTM, direction: int, sequence: list[list[float]]) -> list[list[float]]:
    """Hidden states of one unpadded sequence in one direction, one number at a time."""
    size = layer.hidden_size
    wx, wh = layer.input_weights[direction].tolist(), layer.recurrent_weights[direction].tolist()
    bias = layer.bias[direction, 0].tolist()
    gamma, beta = layer.gamma[direction, 0].tolist(), layer.beta[direction, 0].tolist()
    hidden, cell, states = [0.0] * size, [0.0] * size, []
    for x in sequence:

        def before_activation(gate: int, unit: int, x: list[float] = x, hidden: list[float] = hidden) -> float:
            column = gate * size + unit
            total = bias[column] + sum(value * wx[row][column] for row, value in enumerate(x))
            return total + sum(value * wh[row][column] for row, value in enumerate(hidden))

        forget = [sigmoid(before_activation(1, unit)) for unit in range(size)]  # 9
        let_in = [sigmoid(before_activation(2, unit)) for unit in range(size)]  # 10
        let_out = [sigmoid(before_activation(0, unit)) for unit in range(size)]  # 11
        candidate = [math.tanh(before_activation(3, unit)) for unit in range(size)]  # 12
        cell = [f * c + i * new for f, c, i, new in zip(forget, cell, let_in, candidate, strict=True)]  # 13
        if layer.normalise:
            mean = sum(cell) / size  # 14
            deviation = math.sqrt(sum((c - mean) ** 2 for c in cell) / size + VARIANCE_FLOOR)
            shown = [g / deviation * (c - mean) + b for g, c, b in zip(gamma, cell, beta, strict=True)]  # 15
        else:
            shown = cell
        hidden = [o * math.tanh(s) for o, s in zip(let_out, shown, strict=True)]
        states.append(hidden)
    return states


def graph_of_direction(layer: LayerNormLSTM, direction: int, sequence: Tensor) -> Tensor:
    """The same of (T, C) in torch's own operations, for their gradients."""
    size = layer.hidden_size
    hidden, cell, states = sequence.new_zeros(size), sequence.new_zeros(size), []
    for x in sequence:
        gates = x @ layer.input_weights[direction] + hidden @ layer.recurrent_weights[direction]
        o, f, i, c = (gates + layer.bias[direction, 0]).split(size)
        cell = f.sigmoid() * cell + i.sigmoid() * c.tanh()
        shown = cell
        if layer.normalise:
            centred = cell - cell.mean()
            deviation = ((centred**2).mean() + VARIANCE_FLOOR).sqrt()
            shown = layer.gamma[direction, 0] / deviation * centred + layer.beta[direction, 0]
        hidden = o.sigmoid() * shown.tanh()
        states.append(hidden)
    return torch.stack(states)


@pytest.mark.parametrize("normalise", [True, False])
def test_hidden_states_are_those_of_the_equations(normalise):
    layer, x = layer_norm_lstm(normalise), normal(4, 7, 3)
    states = layer(x, LENGTHS)
    for row, length in enumerate(LENGTHS.tolist()):
        sequence = x[row, :length].tolist()
        forwards = plain_direction(layer, 0, sequence)
        backwards = plain_direction(layer, 1, sequence[::-1])[::-1]
        expected = torch.tensor([[*a, *b] for a, b in zip(forwards, backwards, strict=True)], dtype=torch.float64)
        torch.testing.assert_close(states[row, :length], expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("normalise", [True, False])
def test_gradients_are_those_that_autograd_finds_for_the_equations(normalise):
    layer, x, direction = layer_norm_lstm(normalise), normal(4, 7, 3).requires_grad_(), normal(4, 7, 8, seed=1)
    wanted = [x, *(weights for name, weights in layer.named_parameters() if normalise or name not in ("gamma", "beta"))]
    found = torch.autograd.grad((layer(x, LENGTHS) * direction).sum(), wanted)
    total = x.new_zeros(())
    for row, length in enumerate(LENGTHS.tolist()):
        forwards = graph_of_direction(layer, 0, x[row, :length])
        backwards = graph_of_direction(layer, 1, x[row, :length].flip(0)).flip(0)
        total = total + (torch.cat([forwards, backwards], dim=1) * direction[row, :length]).sum()
    for gradient, expected in zip(found, torch.autograd.grad(total, wanted), strict=True):
        torch.testing.assert_close(gradient, expected, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("normalise", [True, False])
def test_gradients_are_those_of_small_steps(normalise):
    layer, x = layer_norm_lstm(normalise, inputs=2, hidden=3), normal(2, 3, 2).requires_grad_()
    assert torch.autograd.gradcheck(lambda inputs: layer(inputs, torch.tensor([3, 2])), (x,))


def test_the_weights_begin_as_the_paper_has_them():
    layer = LayerNormLSTM(50, 32)
    for direction in layer.recurrent_weights:
        for gate in direction.split(32, dim=1):
            torch.testing.assert_close(gate.T @ gate, torch.eye(32), atol=1e-5, rtol=0)
    inputs = layer.input_weights.detach()
    assert float(inputs.mean()) == pytest.approx(0, abs=1e-4)
    assert float(inputs.std()) == pytest.approx(1e-3, rel=0.05)
    assert float(inputs.abs().max()) <= 1e-3 * math.sqrt(3)


# -- padding and batches, of both layers -------------------------------------------------------------------------------


def lstm_states(x: Tensor, lengths: Tensor) -> Tensor:
    states: Tensor = layer_norm_lstm()(x, lengths)
    return states


def indrnn_states(x: Tensor, lengths: Tensor) -> Tensor:
    torch.manual_seed(0)
    return padded_states(IndRNN(3, 6, 20).double(), x, lengths)


def padded_states(layer: IndRNN, x: Tensor, lengths: Tensor) -> Tensor:
    packing = Packing(lengths, x.shape[1])
    return packing.padded(layer(packing.rows(x), packing))


BOTH = pytest.mark.parametrize("states_of", [lstm_states, indrnn_states])


@BOTH
def test_what_stands_at_padding_and_how_much_of_it_moves_nothing(states_of):
    x = normal(4, 7, 3)
    padding = ~valid_frames(LENGTHS, 7)
    other = torch.where(padding[..., None], 1e3, x)
    longer = torch.cat([other, torch.full((4, 5, 3), -50.0, dtype=torch.float64)], dim=1)
    states = states_of(x, LENGTHS)
    assert not states[padding].any()
    torch.testing.assert_close(states_of(other, LENGTHS), states, atol=1e-12, rtol=0)
    torch.testing.assert_close(states_of(longer, LENGTHS)[:, :7], states, atol=1e-12, rtol=0)


@BOTH
def test_padding_gets_no_gradient(states_of):
    x = normal(4, 7, 3).requires_grad_()
    states_of(x, LENGTHS).square().sum().backward()
    assert x.grad is not None
    padding = ~valid_frames(LENGTHS, 7)
    assert not x.grad[padding].any() and x.grad[~padding].any()


@BOTH
def test_a_sequence_has_the_same_states_alone_as_among_others_and_the_second_time(states_of):
    x = normal(4, 7, 3)
    together = states_of(x, LENGTHS)
    for row, length in enumerate(LENGTHS.tolist()):
        alone = states_of(x[row : row + 1, :length], LENGTHS[row : row + 1])
        torch.testing.assert_close(alone[0], together[row, :length], atol=1e-12, rtol=0)
    torch.testing.assert_close(states_of(x, LENGTHS), together, atol=0, rtol=0)


@BOTH
def test_the_order_of_a_batch_is_the_order_of_its_states(states_of):
    x, order = normal(4, 7, 3), torch.tensor([2, 0, 3, 1])
    expected = states_of(x, LENGTHS)[order]
    torch.testing.assert_close(states_of(x[order], LENGTHS[order]), expected, atol=1e-12, rtol=0)


def test_packing_brings_back_what_it_took_and_zeroes_the_padding():
    x, packing = normal(4, 7, 3), Packing(LENGTHS, 7)
    expected = x * valid_frames(LENGTHS, 7)[..., None]
    assert packing.counts == [4, 3, 3, 3, 2, 1, 1]
    assert torch.equal(packing.padded(packing.rows(x)), expected)
    assert torch.equal(packing.padded_from_reversed(packing.reversed_rows(x)), expected)
    turned = packing.padded(packing.reversed_rows(x))
    for row, length in enumerate(LENGTHS.tolist()):
        assert torch.equal(turned[row, :length], x[row, :length].flip(0))


def test_packing_knows_the_frame_before_and_the_last_one():
    frames = torch.arange(7.0).repeat(4, 1) + 100 * torch.arange(4.0)[:, None]  # sequence in the hundreds, then time
    packing = Packing(LENGTHS, 7)
    rows = packing.rows(frames[..., None])
    assert torch.equal(rows[packing.before], rows[4:] - 1)
    assert packing.last(rows)[:, 0].tolist() == [4, 100, 206, 303]


@pytest.mark.parametrize("layer", [LayerNormLSTM(3, 8), LayerNormLSTM(3, 8, normalise=False), IndRNN(3, 8, 20)])
def test_mixed_precision_gives_about_the_same_states_and_finite_gradients(layer):
    x = normal(4, 7, 3).float()
    states_of = layer if isinstance(layer, LayerNormLSTM) else partial(padded_states, layer)
    expected = states_of(x, LENGTHS)
    with torch.autocast("cpu", torch.bfloat16):
        states = states_of(x, LENGTHS)
        loss = states.float().square().sum()
    loss.backward()
    torch.testing.assert_close(states.float(), expected, atol=0.1, rtol=0.1)
    assert all(weights.grad is None or weights.grad.isfinite().all() for weights in layer.parameters())


# -- IndRNN ------------------------------------------------------------------------------------------------------------


def test_indrnn_is_its_recurrence():
    torch.manual_seed(1)
    layer, x = IndRNN(3, 5, 10).double(), normal(4, 7, 3)
    weights, bias = layer.projection.weight.tolist(), layer.projection.bias.tolist()
    own = layer.recurrent_weights.tolist()
    states = padded_states(layer, x, LENGTHS).tolist()
    for row, length in enumerate(LENGTHS.tolist()):
        hidden = [0.0] * 5
        for t, frame in enumerate(x[row, :length].tolist()):
            hidden = [
                max(0.0, sum(w * v for w, v in zip(weights[unit], frame, strict=True)) + own[unit] * h + bias[unit])
                for unit, h in enumerate(hidden)
            ]
            assert states[row][t] == pytest.approx(hidden, abs=1e-6)


def test_gradients_of_indrnn_are_those_that_autograd_finds_for_its_recurrence():
    torch.manual_seed(2)
    layer, x, direction = IndRNN(3, 5, 10).double(), normal(4, 7, 3).requires_grad_(), normal(4, 7, 5, seed=1)
    wanted = [x, *layer.parameters()]
    found = torch.autograd.grad((padded_states(layer, x, LENGTHS) * direction).sum(), wanted)
    total = x.new_zeros(())
    for row, length in enumerate(LENGTHS.tolist()):
        hidden = x.new_zeros(5)
        for t in range(length):
            hidden = torch.relu(layer.projection(x[row, t]) + layer.recurrent_weights * hidden)
            total = total + (hidden * direction[row, t]).sum()
    for gradient, expected in zip(found, torch.autograd.grad(total, wanted), strict=True):
        torch.testing.assert_close(gradient, expected, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("sign", [1, -1])
def test_however_large_the_recurrent_weights_a_state_at_most_doubles_over_the_longest_sequence(sign):
    longest = 30
    layer = IndRNN(1, 4, longest).double()
    with torch.no_grad():
        layer.recurrent_weights.fill_(sign * 7.0)
        layer.projection.weight.fill_(1.0)
    x = torch.zeros(1, longest + 1, 1, dtype=torch.float64)
    x[0, 0] = 1.0
    states = padded_states(layer, x, torch.tensor([longest + 1])).detach()
    assert float(states.max()) == pytest.approx(2.0 if sign > 0 else 1.0)


def test_indrnn_begins_within_its_constraint_and_the_last_layer_where_states_last():
    longest = 60
    first, last = (IndRNN(3, 500, longest, keeps).recurrent_weights.detach() for keeps in (False, True))
    bound = 2 ** (1 / longest)
    assert 0 <= float(first.min()) < 0.1 and 0.9 < float(first.max()) <= bound
    assert 0.5 ** (1 / longest) <= float(last.min()) and float(last.max()) <= bound
