"""Recurrent layers of the learned encoders: the layer-normalised LSTM of MMD-NCA and the IndRNN of DeepHuMS.

Both work on packed frames (`packing.py`), so that padding costs nothing and is never seen; both have their gradients
written out: the time loop then holds a dozen steps instead of a graph of thousands of nodes, and the weights' gradients
become one matrix product over all frames.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from .packing import Packing

#: Added to the variance under the root of equation 14, so that a cell memory of equal numbers has a gradient.
VARIANCE_FLOOR = 1e-6


def valid_frames(lengths: Tensor, frames: int) -> Tensor:
    """Which frames (B, T) of a padded batch belong to its sequences of `lengths` (B,)."""
    return torch.arange(frames, device=lengths.device) < lengths[:, None]


class LayerNormLSTM(nn.Module):
    """Bidirectional LSTM whose cell memory is normalised where it becomes the hidden state (mmd-nca.md, eq. 9-15).

    The paper initialises gamma with zeros and beta with ones. Then no gradient reaches the cell, and with beta for a
    gain the state is saturated; the two words are taken to be swapped: gamma begins at 1 and beta at 0. Square
    recurrent matrices (one a gate) are orthogonal, the input's are uniform with standard deviation .001.
    """

    def __init__(self, input_size: int, hidden_size: int, normalise: bool = True) -> None:
        """
        Args:
            input_size: numbers per frame.
            hidden_size: units H of each direction.
            normalise: False leaves out equations 14 and 15, which makes it a plain LSTM (the paper's ablation).
        """
        super().__init__()
        self.normalise = normalise
        self.hidden_size = hidden_size
        self.input_weights = nn.Parameter(torch.empty(2, input_size, 4 * hidden_size))
        self.recurrent_weights = nn.Parameter(torch.empty(2, hidden_size, 4 * hidden_size))
        self.bias = nn.Parameter(torch.zeros(2, 1, 4 * hidden_size))
        self.gamma = nn.Parameter(torch.ones(2, 1, hidden_size))
        self.beta = nn.Parameter(torch.zeros(2, 1, hidden_size))
        nn.init.uniform_(self.input_weights, -0.001 * math.sqrt(3), 0.001 * math.sqrt(3))
        with torch.no_grad():
            for direction in range(2):
                for gate in range(4):
                    columns = slice(gate * hidden_size, (gate + 1) * hidden_size)
                    nn.init.orthogonal_(self.recurrent_weights[direction, :, columns])

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Hidden states (B, T, 2H), forwards then backwards, of sequences (B, T, C) of `lengths` (B,); 0 at padding."""
        packing = Packing(lengths, x.shape[1])
        rows = torch.stack([packing.rows(x), packing.reversed_rows(x)])  # (2, N, C)
        gates = torch.baddbmm(self.bias, rows, self.input_weights)
        with torch.autocast(x.device.type, enabled=False):  # the loop's steps are too small to gain by half precision
            gates = gates.to(self.recurrent_weights.dtype)
            states = cast(
                Tensor,
                _LayerNormLSTM.apply(  # type: ignore[no-untyped-call]
                    gates, self.recurrent_weights, self.gamma, self.beta, self.normalise, packing.counts, packing.before
                ),
            )
        return torch.cat([packing.padded(states[0]), packing.padded_from_reversed(states[1])], dim=2)


class _LayerNormLSTM(torch.autograd.Function):
    """The time loop: packed gates (2, N, 4H) before the recurrent part, in the order o, f, i, c -> states (2, N, H)."""

    @staticmethod
    def forward(
        ctx: Any,
        gates: Tensor,
        weights: Tensor,
        gamma: Tensor,
        beta: Tensor,
        normalise: bool,
        counts: Sequence[int],
        before: Tensor,
    ) -> Tensor:
        directions, rows, width = gates.shape
        size = width // 4
        keep = any(ctx.needs_input_grad)
        hidden = cell = gates.new_zeros(directions, counts[0], size)
        states = gates.new_empty(directions, rows, size)
        active = torch.empty_like(gates) if keep else None
        cells, squashed = (torch.empty_like(states) if keep else None for _ in range(2))
        statistics = gates.new_empty(2, directions, rows, 1) if keep and normalise else None
        start = 0
        for count in counts:
            step = slice(start, start + count)
            gate = torch.baddbmm(gates[:, step], hidden[:, :count], weights)
            gate[..., : 3 * size].sigmoid_()
            gate[..., 3 * size :].tanh_()
            o, f, i, c = (gate[..., part : part + size] for part in range(0, width, size))
            cell = torch.addcmul(i * c, f, cell[:, :count])
            if normalise:
                norm, mean, scale = torch.native_layer_norm(cell, (size,), None, None, VARIANCE_FLOOR)
                squash = torch.addcmul(beta, norm, gamma).tanh_()
                if statistics is not None:
                    statistics[0, :, step], statistics[1, :, step] = mean, scale
            else:
                squash = torch.tanh(cell)
            hidden = o * squash
            states[:, step] = hidden
            if active is not None and cells is not None and squashed is not None:
                active[:, step], cells[:, step], squashed[:, step] = gate, cell, squash
            start += count
        if keep:
            ctx.save_for_backward(weights, gamma, states, active, cells, squashed, statistics, before)
            ctx.normalise, ctx.counts = normalise, counts
        return states

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        weights, gamma, states, active, cells, squashed, statistics, before = ctx.saved_tensors
        gradient = gradients[0]
        directions, rows, size = states.shape
        counts = ctx.counts
        # what the gradients of gates and memory are multiplied with, for all frames at once
        o, f, i, c = active.split(size, dim=2)
        to_memory = o * (1 - squashed * squashed)
        slopes = torch.empty_like(active).view(directions, rows, 4, size)
        torch.mul(squashed * o, 1 - o, out=slopes[:, :, 0])
        earlier = torch.cat([torch.zeros_like(cells[:, : counts[0]]), cells[:, before]], dim=1)
        torch.mul(earlier.mul_(f), 1 - f, out=slopes[:, :, 1])
        torch.mul(c * i, 1 - i, out=slopes[:, :, 2])
        torch.mul(i, 1 - c * c, out=slopes[:, :, 3])
        transposed = weights.transpose(1, 2).contiguous()
        gate_gradients = torch.empty_like(slopes)
        pre_squash = torch.empty_like(states)
        hidden_gradient = cell_gradient = states.new_zeros(directions, 0, size)
        start = rows
        for count in reversed(counts):
            start -= count
            step = slice(start, start + count)
            through_time = hidden_gradient
            hidden_gradient = gradient[:, step].clone()
            hidden_gradient[:, : through_time.shape[1]] += through_time
            through = hidden_gradient * to_memory[:, step]
            pre_squash[:, step] = through
            if ctx.normalise:
                through = torch.ops.aten.native_layer_norm_backward(
                    through * gamma,
                    cells[:, step].contiguous(),
                    (size,),
                    statistics[0, :, step].contiguous(),
                    statistics[1, :, step].contiguous(),
                    None,
                    None,
                    (True, False, False),
                )[0]
            through[:, : cell_gradient.shape[1]] += cell_gradient
            out = gate_gradients[:, step]
            torch.mul(hidden_gradient, slopes[:, step, 0], out=out[:, :, 0])
            torch.mul(through.unsqueeze(2), slopes[:, step, 1:], out=out[:, :, 1:])
            cell_gradient = through * f[:, step]
            hidden_gradient = torch.bmm(out.flatten(2), transposed)
        gate_gradients = gate_gradients.flatten(2)
        later = gate_gradients[:, counts[0] :]
        weight_gradient = torch.bmm(states[:, before].transpose(1, 2), later)
        if not ctx.normalise:
            return gate_gradients, weight_gradient, None, None, None, None, None
        norm = (cells - statistics[0]) * statistics[1]
        gamma_gradient = (pre_squash * norm).sum(dim=1, keepdim=True)
        return gate_gradients, weight_gradient, gamma_gradient, pre_squash.sum(dim=1, keepdim=True), None, None, None


class IndRNN(nn.Module):
    """One layer of h_t = relu(W x_t + u * h_{t-1} + b): each unit sees only its own past (Li et al. 2018).

    |u| is kept below 2^(1/T), so that over T frames a state cannot grow more than twofold (their section 3.2).
    """

    def __init__(self, input_size: int, hidden_size: int, longest_frames: int, keeps_long: bool = False) -> None:
        """
        Args:
            input_size: numbers per frame.
            hidden_size: units H.
            longest_frames: T of the constraint.
            keeps_long: u begins where a state lasts for about T frames (for the last layer, of which only the last
                state is used), else anywhere in [0, the largest u].
        """
        super().__init__()
        self.largest = 2.0 ** (1.0 / longest_frames)
        self.projection = nn.Linear(input_size, hidden_size)
        self.recurrent_weights = nn.Parameter(torch.empty(hidden_size))
        nn.init.uniform_(self.recurrent_weights, 0.5 ** (1.0 / longest_frames) if keeps_long else 0.0, self.largest)
        nn.init.kaiming_uniform_(self.projection.weight, nonlinearity="relu")
        nn.init.zeros_(self.projection.bias)

    def forward(self, rows: Tensor, packing: Packing) -> Tensor:
        """Hidden states (N, H) of packed frames (N, C)."""
        weights = self.recurrent_weights.clamp(-self.largest, self.largest)
        projected = self.projection(rows)
        with torch.autocast(rows.device.type, enabled=False):
            projected = projected.to(weights.dtype)
            states = _IndRNN.apply(projected, weights, packing.counts, packing.before)  # type: ignore[no-untyped-call]
        return cast(Tensor, states)


class _IndRNN(torch.autograd.Function):
    """The time loop: packed projected inputs (N, H) and u (H,) -> states (N, H)."""

    @staticmethod
    def forward(ctx: Any, projected: Tensor, weights: Tensor, counts: Sequence[int], before: Tensor) -> Tensor:
        states = torch.empty_like(projected)
        state = projected.new_zeros(counts[0], projected.shape[1])
        start = 0
        for count in counts:
            step = slice(start, start + count)
            state = torch.addcmul(projected[step], state[:count], weights).relu_()
            states[step] = state
            start += count
        ctx.save_for_backward(states, weights, before)
        ctx.counts = counts
        return states

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        states, weights, before = ctx.saved_tensors
        projected = gradients[0] * (states > 0)
        start = len(states)
        later: Tensor | None = None
        for count in reversed(ctx.counts):
            start -= count
            step = slice(start, start + count)
            if later is not None:
                current = projected[start : start + len(later)]
                current.add_(later * weights * (states[start : start + len(later)] > 0))
            later = projected[step]
        first = ctx.counts[0]
        return projected, (projected[first:] * states[before]).sum(dim=0), None, None
