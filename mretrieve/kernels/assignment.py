"""The assignment problem: rows and columns paired so that the sum of their scores is largest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def best_assignment(scores: NDArray[np.floating]) -> NDArray[np.intp]:
    """The column of each row, none twice, with the largest sum of scores; -1 for a row that is better left alone.

    By shortest augmenting paths (Jonker and Volgenant 1987), as `scipy.optimize.linear_sum_assignment`. Importing SciPy
    would take longer than a query.

    Args:
        scores: (R, C), finite; a row without a column scores 0.

    Returns:
        (R,) columns.
    """
    rows, columns = scores.shape
    costs = -np.pad(np.asarray(scores, np.float64), ((0, 0), (0, rows)))  # a column of its own for each row left alone
    count = columns + rows
    row_prices, column_prices = np.zeros(rows), np.zeros(count + 1)
    owners = np.full(count + 1, -1)  # the row of each column; the last column is where the row to be added starts
    for row in range(rows):
        owners[count], column = row, count
        distances, previous = np.full(count, np.inf), np.full(count, count)
        reached = np.zeros(count + 1, np.bool_)
        while owners[column] >= 0:
            reached[column] = True
            owner = owners[column]
            ways = costs[owner] - row_prices[owner] - column_prices[:count]
            shorter = ~reached[:count] & (ways < distances)
            distances[shorter], previous[shorter] = ways[shorter], column
            open_distances = np.where(reached[:count], np.inf, distances)
            nearest = int(open_distances.argmin())
            step = open_distances[nearest]
            row_prices[owners[reached]] += step
            column_prices[reached] -= step
            distances[~reached[:count]] -= step
            column = nearest
        while column != count:
            owners[column] = owners[previous[column]]
            column = int(previous[column])
    found = np.full(rows, -1, np.intp)
    taken = np.flatnonzero(owners[:columns] >= 0)
    found[owners[taken]] = taken
    return found
