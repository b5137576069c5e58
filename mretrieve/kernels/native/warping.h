/* Dynamic time warping in SIMD lanes, for one type of number: included with REAL and NAME(function) defined.

LANES cells of the recursion lie side by side. The squared differences of ROWS (or TIMES) times LANES pairs of frames are
summed in registers, exactly as in a matrix product, but of (q - c)^2 instead of q * c: that is as fast, needs no norms
and, unlike |q|^2 + |c|^2 - 2 q.c, loses no digits between nearly equal frames. Cumulative costs are float64. */

typedef REAL NAME(numbers) __attribute__((vector_size(LANES * sizeof(REAL)), aligned(sizeof(REAL)), may_alias));
typedef MASK NAME(masks) __attribute__((vector_size(LANES * sizeof(REAL))));

/* (RUNS) vectors of costs: squared distances of `runs` single frames from LANES frames whose features lie side by side. */
INLINE void NAME(sum_squares)(const REAL *side_by_side, const REAL *single, int64_t feature_stride, int64_t run_stride,
                              int64_t features, NAME(numbers) sums[RUNS]) {
    for (int run = 0; run < RUNS; run++) sums[run] = (NAME(numbers)){0};
    for (int64_t feature = 0; feature < features; feature++) {
        NAME(numbers) values = *(const NAME(numbers) *)(side_by_side + feature * LANES);
        for (int run = 0; run < RUNS; run++) {
            NAME(numbers) difference = values - single[feature * feature_stride + run * run_stride];
            sums[run] += difference * difference;
        }
    }
}

/* Rows `row` to row + RUNS of the next column of the recursion, for LANES candidates at once.

block (D, RUNS): query frames. frames (D, LANES). column (RUNS, LANES): cumulative costs, before: of the last column,
after: of this one. diagonal, above (LANES,): the cells before and above the first, handed on. */
INLINE void NAME(advance_block)(const REAL *block, const REAL *frames, int64_t features, double *restrict column,
                                double *restrict diagonal, double *restrict above) {
    NAME(numbers) sums[RUNS];
    REAL squares[RUNS][LANES];
    double costs[RUNS][LANES];
    NAME(sum_squares)(frames, block, RUNS, 1, features, sums);
    for (int run = 0; run < RUNS; run++) {
        *(NAME(numbers) *)squares[run] = sums[run];
        for (int lane = 0; lane < LANES; lane++) costs[run][lane] = squares[run][lane];
    }
    for (int lane = 0; lane < LANES; lane++) {
        double before = diagonal[lane], up = above[lane];
        for (int run = 0; run < RUNS; run++) {
            double left = column[run * LANES + lane], best = before < left ? before : left;
            best = best < up ? best : up;
            column[run * LANES + lane] = up = costs[run][lane] + best;
            before = left;
        }
        diagonal[lane] = before;
        above[lane] = up;
    }
}

INLINE int NAME(all_finite)(const REAL *values, int64_t count) {
    int refused = 0;
    for (int64_t index = 0; index < count; index++) refused |= !(values[index] - values[index] == 0);
    return !refused;
}

/* Write the distance of each candidate that `order` lists; NaN if its frames are not finite. Returns 0, or 1 if there is
not enough memory. See the jit module's function of this name; query here: (blocks, D, RUNS), frames in blocks of RUNS,
addresses: of each candidate's frames (length, D). */
CLONES int NAME(dtw_distances)(const REAL *query, int64_t blocks, int64_t features, int64_t query_length,
                               REAL *const *addresses, const int64_t *lengths, const int64_t *order, int64_t count,
                               double *distances) {
    REAL *frames = malloc(features * LANES * sizeof(REAL));
    double *column = malloc((1 + blocks * RUNS) * LANES * sizeof(double));
    double diagonal[LANES], above[LANES];
    if (!frames || !column) {
        free(frames);
        free(column);
        return 1;
    }
    for (int64_t start = 0; start < count; start += LANES) {
        const int64_t *group = order + start;
        int size = count - start < LANES ? (int)(count - start) : LANES;
        int live = size; /* lanes still running; the lanes are sorted, so the shortest candidate's is the last */
        for (int64_t index = 0; index < features * LANES; index++) frames[index] = 0;
        for (int64_t index = 0; index < (1 + blocks * RUNS) * LANES; index++)
            column[index] = index < LANES ? 0 : INFINITY;
        for (int64_t time = 0; time < lengths[group[0]]; time++) {
            while (lengths[group[live - 1]] <= time) live--;
            for (int lane = 0; lane < live; lane++) {
                const REAL *frame = addresses[group[lane]] + time * features;
                for (int64_t feature = 0; feature < features; feature++) frames[feature * LANES + lane] = frame[feature];
            }
            for (int lane = 0; lane < LANES; lane++) {
                diagonal[lane] = column[lane];
                above[lane] = column[lane] = INFINITY; /* only the first column begins below a row with a zero */
            }
            for (int64_t row = 0; row < query_length; row += RUNS)
                NAME(advance_block)(query + row * features, frames, features, column + (1 + row) * LANES, diagonal, above);
            for (int lane = 0; lane < live; lane++)
                if (lengths[group[lane]] == time + 1)
                    distances[group[lane]] = column[query_length * LANES + lane];
        }
        for (int lane = 0; lane < size; lane++)
            /* A path visits every frame: what is not finite there shows in the distance. */
            if (!(distances[group[lane]] < INFINITY))
                distances[group[lane]] =
                    NAME(all_finite)(addresses[group[lane]], lengths[group[lane]] * features) ? INFINITY : NAN;
    }
    free(frames);
    free(column);
    return 0;
}

/* The cost of the best path from (0, 0) to the last frames of both, whose `length` steps fill path (rows + columns - 1, 2)
from its end. query (blocks, D, LANES); candidate (columns, D), filled up to a multiple of RUNS frames. squares (blocks,
columns, LANES), costs (columns,) and came_from (rows, columns): room to work in; 0 in came_from is a diagonal step, 1 one
from the query frame before, 2 one from the candidate's. */
CLONES double NAME(dtw_path)(const REAL *query, int64_t rows, const REAL *candidate, int64_t columns, int64_t features,
                             REAL *squares, double *costs, uint8_t *came_from, int32_t *path, int64_t *length) {
    double left = INFINITY;
    for (int64_t time = 0; time < columns; time++) costs[time] = INFINITY;
    for (int64_t row = 0; row < rows; row++) {
        double diagonal = row ? INFINITY : 0;
        REAL *block = squares + row / LANES * columns * LANES;
        for (int64_t time = 0; row % LANES == 0 && time < columns; time += RUNS) {
            NAME(numbers) sums[RUNS];
            NAME(sum_squares)(query + row * features, candidate + time * features, 1, features, features, sums);
            for (int run = 0; run < RUNS && time + run < columns; run++)
                *(NAME(numbers) *)(block + (time + run) * LANES) = sums[run];
        }
        left = INFINITY;
        for (int64_t time = 0; time < columns; time++) {
            double best = diagonal, above = costs[time];
            uint8_t origin = 0;
            if (above < best) best = above, origin = 1;
            if (left < best) best = left, origin = 2;
            left = best + block[time * LANES + row % LANES];
            diagonal = above;
            costs[time] = left;
            came_from[row * columns + time] = origin;
        }
    }
    int64_t row = rows - 1, time = columns - 1;
    int32_t *step = path + 2 * (rows + columns - 1);
    for (*length = 1;; ++*length) {
        *--step = (int32_t)time;
        *--step = (int32_t)row;
        if (!row && !time) return left;
        int origin = !row ? 2 : !time ? 1 : came_from[row * columns + time];
        row -= origin != 2;
        time -= origin != 1;
    }
}

/* Give some lanes the costs of `delay` frames before; waiting (delay,): those of the last frames, replaced. */
INLINE void NAME(delay_lanes)(NAME(numbers) *newest, NAME(numbers) *waiting, int delay, NAME(masks) late) {
    for (int index = 0; index < delay; index++) newest[index - delay] = waiting[index];
    for (int index = 0; index < delay; index++) waiting[index] = newest[RUNS - delay + index];
    for (int run = RUNS - 1; run >= 0; run--) {
        NAME(masks) early = (NAME(masks))newest[run - delay], now = (NAME(masks))newest[run];
        newest[run] = (NAME(numbers))(now ^ ((now ^ early) & late));
    }
}

/* One block of LANES query frames against RUNS more frames of a sequence; whether a cell is within the limit.

block (D, LANES); frames (RUNS, D). The cells of one anti-diagonal do not depend on each other, so lane j runs j frames
behind lane 0; delayed (LANES - 1, LANES): costs that some lanes still wait for. costs, starts (2 + RUNS, 1 + LANES):
the last two anti-diagonals and those to come; column 0 is the row above the block, one frame ahead. */
INLINE int NAME(advance_tile)(const REAL *block, const REAL *frames, int64_t features, NAME(numbers) *delayed,
                              double (*restrict costs)[1 + LANES], int64_t (*restrict starts)[1 + LANES], double limit) {
    NAME(numbers) series[LANES / 2 + RUNS], *newest = series + LANES / 2;
    REAL squares[RUNS][LANES];
    double cells[RUNS][LANES];
    NAME(sum_squares)(block, frames, 1, features, features, newest);
    NAME(delay_lanes)(newest, delayed, 8, (NAME(masks)){EACH(8)});
    NAME(delay_lanes)(newest, delayed + 8, 4, (NAME(masks)){EACH(4)});
    NAME(delay_lanes)(newest, delayed + 12, 2, (NAME(masks)){EACH(2)});
    NAME(delay_lanes)(newest, delayed + 14, 1, (NAME(masks)){EACH(1)});
    for (int run = 0; run < RUNS; run++) *(NAME(numbers) *)squares[run] = newest[run];
    for (int run = 0; run < RUNS; run++)
        for (int lane = 0; lane < LANES; lane++) cells[run][lane] = squares[run][lane];
    for (int run = 0; run < RUNS; run++) {
        NO_UNROLLING for (int lane = 0; lane < LANES; lane++) {
            double diagonal = costs[run][lane], above = costs[run + 1][lane], left = costs[run + 1][lane + 1];
            int64_t start = starts[run][lane], above_start = starts[run + 1][lane];
            int64_t left_start = starts[run + 1][lane + 1];
            start ^= (start ^ above_start) & -(int64_t)(above < diagonal);
            double best = above < diagonal ? above : diagonal;
            starts[run + 2][lane + 1] = start ^ ((start ^ left_start) & -(int64_t)(left < best));
            costs[run + 2][lane + 1] = cells[run][lane] + (left < best ? left : best);
        }
    }
    int within = costs[RUNS][0] <= limit;
    for (int lane = 1; lane <= LANES; lane++) within |= (costs[RUNS + 1][lane] <= limit) | (costs[RUNS][lane] <= limit);
    return within;
}

/* The state of a block of LANES query frames: see advance_tile. */
typedef struct {
    NAME(numbers) delayed[LANES];
    double costs[2 + RUNS][1 + LANES];
    int64_t starts[2 + RUNS][1 + LANES];
    int alive; /* a cost on the last two anti-diagonals is within the limit */
    int idle;  /* tiles since the block was computed; after two every cost is infinite */
} NAME(block_state);

/* The best match of the query in one sequence: cost, first frame and end; (inf, 0, 0) if values are too large,
NaN if a value of the sequence is not finite. padded: room for RUNS frames. */
INLINE double NAME(sweep_sequence)(const REAL *query, int64_t query_length, int64_t features, const REAL *sequence,
                                   int64_t length, NAME(block_state) *states, REAL *padded, int64_t *best_start,
                                   int64_t *best_end) {
    int64_t blocks = (query_length + LANES - 1) / LANES, last_lane = 1 + (query_length - 1) % LANES;
    double limit = DBL_MAX, best = INFINITY, visited = 0;
    *best_start = *best_end = 0;
    memset(states, 0, blocks * sizeof(*states));
    for (int64_t index = 0; index < blocks; index++) {
        states[index].idle = 2;
        for (int row = 0; row < 2 + RUNS; row++)
            for (int lane = 0; lane <= LANES; lane++) states[index].costs[row][lane] = INFINITY;
    }
    states[0].costs[RUNS][0] = 0; /* a match begins below a row of zeros */
    for (int64_t begin = 0; begin < length + query_length - 1; begin += RUNS) {
        for (int64_t index = 0; index < blocks; index++) {
            NAME(block_state) *state = states + index, *over = state - 1;
            int enters = !index || state->alive;
            for (int row = 1; index && row <= RUNS; row++) enters |= over->costs[row][LANES] <= limit;
            if (!enters && state->idle >= 2) continue;
            for (int lane = 0; lane <= LANES; lane++) {
                state->costs[0][lane] = state->costs[RUNS][lane];
                state->costs[1][lane] = state->costs[RUNS + 1][lane];
                state->starts[0][lane] = state->starts[RUNS][lane];
                state->starts[1][lane] = state->starts[RUNS + 1][lane];
            }
            if (!enters) { /* costs only grow along a path: what is above the limit stays so */
                for (int row = 2; row < 2 + RUNS; row++)
                    for (int lane = 0; lane <= LANES; lane++) state->costs[row][lane] = INFINITY;
                state->idle++;
                continue;
            }
            state->idle = 0;
            for (int row = 1; row <= RUNS; row++) {
                state->costs[row][0] = index ? over->costs[row][LANES] : 0;
                state->starts[row][0] = index ? over->starts[row][LANES] : begin + row;
            }
            int64_t first = begin - index * LANES;
            const REAL *frames = sequence + first * features;
            if (first < 0 || first + RUNS > length) {
                for (int64_t run = first < 0 ? -first : 0; run < RUNS && run < length - first; run++)
                    memcpy(padded + run * features, sequence + (first + run) * features, features * sizeof(REAL));
                frames = padded;
            }
            state->alive = NAME(advance_tile)(query + index * features * LANES, frames, features, state->delayed,
                                              state->costs, state->starts, limit);
            for (int run = 0; !index && run < RUNS; run++) visited += state->costs[2 + run][1];
            for (int run = 0; index == blocks - 1 && run < RUNS; run++) {
                int64_t end = begin + run - (query_length - 1);
                double cost = state->costs[2 + run][last_lane];
                if (end < 0 || end >= length || !(cost <= limit)) continue;
                limit = cost;
                if (cost < best) {
                    best = cost;
                    *best_start = state->starts[2 + run][last_lane];
                    *best_end = end + 1;
                }
            }
        }
    }
    if (visited < INFINITY || NAME(all_finite)(sequence, length * features)) return best;
    *best_start = *best_end = 0;
    return NAN;
}

/* Write the best match of each sequence that `order` lists to costs, starts and ends. Returns 0, or 1 if there is not
enough memory. query: (blocks, D, LANES), frames in blocks of LANES. See the jit module's function of this name. */
CLONES int NAME(subsequence_matches)(const REAL *query, int64_t query_length, int64_t features, REAL *const *addresses,
                                     const int64_t *lengths, const int64_t *order, int64_t count, double *costs,
                                     int64_t *starts, int64_t *ends) {
    NAME(block_state) *states = malloc((query_length + LANES - 1) / LANES * sizeof(*states));
    REAL *padded = calloc(RUNS * features, sizeof(REAL));
    for (int64_t index = 0; states && padded && index < count; index++) {
        int64_t which = order[index];
        costs[which] = NAME(sweep_sequence)(query, query_length, features, addresses[which], lengths[which], states,
                                            padded, starts + which, ends + which);
    }
    int failed = !states || !padded;
    free(states);
    free(padded);
    return failed;
}
