/* Dynamic time warping between a query in two dimensions and candidates in three that are seen from several directions.

Query frames have mean 0 and norm 1, candidate frames have mean 0. The squared distance between a query frame q and a
candidate frame x, seen along the axes a and brought to norm 1, is 2 - 2 sum_j q_j . (a x_j) / |a x|. The sum is linear
in the axes: the six sums over joints of q_j times x_j are the same for all views. LANES views lie side by side. */

#define AXES 6

/* The sums (rows, AXES) over joints of the products of every query frame with one candidate frame.

query (J, 2, rows): all frames of a coordinate side by side; frame (J, 3); sums (AXES, rows). */
INLINE void multiply_frames(const float *restrict query, int64_t rows, const float *restrict frame, int64_t joints,
                            float *restrict sums) {
    memset(sums, 0, AXES * rows * sizeof(float));
    for (int64_t joint = 0; joint < joints; joint++)
        for (int axis = 0; axis < AXES; axis++) {
            const float *restrict values = query + (2 * joint + axis / 3) * rows;
            float factor = frame[3 * joint + axis % 3], *restrict sum = sums + axis * rows;
            for (int64_t row = 0; row < rows; row++) sum[row] += values[row] * factor;
        }
}

/* What a candidate frame (J, 3) is divided by in each of LANES views, axes (AXES, LANES), inverted. */
INLINE void inverse_norms(const float *restrict frame, int64_t joints, const float *restrict axes,
                          float *restrict inverse) {
    float squares[LANES] = {0};
    for (int64_t joint = 0; joint < joints; joint++) {
        const float *place = frame + 3 * joint;
        for (int lane = 0; lane < LANES; lane++) {
            float right = place[0] * axes[lane] + place[1] * axes[LANES + lane] + place[2] * axes[2 * LANES + lane];
            float up = place[0] * axes[3 * LANES + lane] + place[1] * axes[4 * LANES + lane] +
                       place[2] * axes[5 * LANES + lane];
            squares[lane] += right * right + up * up;
        }
    }
    for (int lane = 0; lane < LANES; lane++) inverse[lane] = 1.0f / sqrtf(squares[lane] > 1e-12f ? squares[lane] : 1e-12f);
}

/* The next column of the recursion, for LANES views. costs, starts (rows, LANES): of the last column, then of this one.
If `anywhere`, a path may begin at this candidate frame, which is number `time`; else only at the first. */
INLINE void advance_views(const float *restrict sums, int64_t rows, const float *restrict axes,
                          const float *restrict inverse, float *restrict costs, int32_t *restrict starts, int32_t time,
                          int anywhere) {
    float diagonal[LANES], above[LANES];
    int32_t diagonal_start[LANES], above_start[LANES];
    for (int lane = 0; lane < LANES; lane++) {
        diagonal[lane] = anywhere || !time ? 0.0f : INFINITY;
        above[lane] = INFINITY;
        diagonal_start[lane] = above_start[lane] = time;
    }
    for (int64_t row = 0; row < rows; row++) {
        float sum[AXES];
        for (int axis = 0; axis < AXES; axis++) sum[axis] = sums[axis * rows + row];
        float *restrict cost = costs + row * LANES;
        int32_t *restrict start = starts + row * LANES;
        for (int lane = 0; lane < LANES; lane++) {
            float alike = 0.0f;
            for (int axis = 0; axis < AXES; axis++) alike += sum[axis] * axes[axis * LANES + lane];
            float square = 2.0f - 2.0f * alike * inverse[lane];
            float distance = sqrtf(square > 0.0f ? square : 0.0f);
            float left = cost[lane], best = diagonal[lane];
            int32_t left_start = anywhere ? start[lane] : 0, origin = diagonal_start[lane];
            if (anywhere) origin = above[lane] < best ? above_start[lane] : origin;
            best = above[lane] < best ? above[lane] : best;
            if (anywhere) origin = left < best ? left_start : origin;
            best = left < best ? left : best;
            diagonal[lane] = left;
            cost[lane] = above[lane] = distance + best;
            if (anywhere) {
                diagonal_start[lane] = left_start;
                start[lane] = above_start[lane] = origin;
            }
        }
    }
}

INLINE void sweep_views(const float *query, int64_t rows, int64_t joints, const float *axes, int64_t groups,
                        const float *candidate, int64_t length, int anywhere, float *sums, float *room,
                        int32_t *origins, float *best, int32_t *starts, int32_t *ends) {
    for (int64_t index = 0; index < groups * rows * LANES; index++) room[index] = INFINITY;
    for (int64_t index = 0; index < groups * LANES; index++) best[index] = INFINITY, starts[index] = ends[index] = 0;
    for (int64_t time = 0; time < length; time++) {
        const float *frame = candidate + time * joints * 3;
        multiply_frames(query, rows, frame, joints, sums);
        for (int64_t group = 0; group < groups; group++) {
            float inverse[LANES], *costs = room + group * rows * LANES, *last = costs + (rows - 1) * LANES;
            int32_t *begun = origins + (anywhere ? group * rows * LANES : 0), *first = begun + (rows - 1) * LANES;
            inverse_norms(frame, joints, axes + group * AXES * LANES, inverse);
            advance_views(sums, rows, axes + group * AXES * LANES, inverse, costs, begun, (int32_t)time, anywhere);
            if (!anywhere && time < length - 1) continue;
            for (int lane = 0; lane < LANES; lane++) {
                int64_t view = group * LANES + lane;
                if (!(last[lane] < best[view])) continue;
                best[view] = last[lane];
                starts[view] = anywhere ? first[lane] : 0;
                ends[view] = (int32_t)time + 1;
            }
        }
    }
}

/* Write to costs, starts and ends (C, groups * LANES) what the best path of each view costs, for each candidate that
`order` lists. Returns 0, or 1 if there is not enough memory. See the jit module's function of this name; query here:
(J, 2, rows), axes: (groups, AXES, LANES). */
CLONES int reprojection_costs(const float *query, int64_t rows, int64_t joints, const float *axes, int64_t groups,
                              float *const *addresses, const int64_t *lengths, const int64_t *order, int64_t count,
                              int anywhere, float *costs, int32_t *starts, int32_t *ends) {
    float *sums = malloc(AXES * rows * sizeof(float)), *room = malloc(groups * rows * LANES * sizeof(float));
    int32_t *origins = calloc((anywhere ? groups : 1) * rows * LANES, sizeof(int32_t));
    int failed = !sums || !room || !origins;
    for (int64_t index = 0; !failed && index < count; index++) {
        int64_t at = order[index] * groups * LANES;
        const float *candidate = addresses[order[index]];
        int64_t length = lengths[order[index]];
        if (anywhere)
            sweep_views(query, rows, joints, axes, groups, candidate, length, 1, sums, room, origins, costs + at,
                        starts + at, ends + at);
        else
            sweep_views(query, rows, joints, axes, groups, candidate, length, 0, sums, room, origins, costs + at,
                        starts + at, ends + at);
    }
    free(sums);
    free(room);
    free(origins);
    return failed;
}
