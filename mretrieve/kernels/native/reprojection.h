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

typedef float view_numbers __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float)), may_alias));
typedef int32_t view_marks __attribute__((vector_size(LANES * sizeof(int32_t)), aligned(sizeof(int32_t)), may_alias));

/* The distances (rows, LANES) of all query frames from a candidate frame (J, 3) as LANES views show it. sums: see
multiply_frames; axes (AXES, LANES). */
INLINE void measure_frames(const float *restrict sums, int64_t rows, const float *restrict frame, int64_t joints,
                           const float *restrict axes, float *restrict distances) {
    view_numbers directions[AXES], norms = {0};
    for (int axis = 0; axis < AXES; axis++) directions[axis] = *(const view_numbers *)(axes + axis * LANES);
    for (const float *place = frame; place < frame + 3 * joints; place += 3) {
        view_numbers right = place[0] * directions[0] + place[1] * directions[1] + place[2] * directions[2];
        view_numbers up = place[0] * directions[3] + place[1] * directions[4] + place[2] * directions[5];
        norms += right * right + up * up;
    }
    *(view_numbers *)distances = norms;
    for (int64_t lane = 0; lane < LANES; lane++) distances[lane] = sqrtf(distances[lane] + 1e-12f);
    view_numbers scale = -2.0f / *(view_numbers *)distances;
    for (int64_t row = 0; row < rows; row++) {
        view_numbers alike = {0};
        for (int axis = 0; axis < AXES; axis++) alike += directions[axis] * sums[axis * rows + row];
        *(view_numbers *)(distances + row * LANES) = alike * scale + 2.0f;
    }
    for (int64_t index = 0; index < rows * LANES; index++)
        distances[index] = sqrtf(distances[index] > 0.0f ? distances[index] : 0.0f);
}

/* In each lane `other` if it is smaller than `best`; the marks follow the numbers. */
INLINE void keep_smaller(view_numbers *best, view_marks *mark, view_numbers other, view_marks other_mark, int marked) {
    view_marks smaller = other < *best, kept = (view_marks)*best;
    *best = (view_numbers)(kept ^ ((kept ^ (view_marks)other) & smaller));
    if (marked) *mark ^= (*mark ^ other_mark) & smaller;
}

/* The next column of the recursion, for LANES views. costs, starts (rows, LANES): of the last column, then of this one.
If `anywhere`, a path may begin at this candidate frame, which is number `time`; else only at the first. */
INLINE void advance_views(const float *restrict distances, int64_t rows, float *restrict costs,
                          int32_t *restrict starts, int32_t time, int anywhere) {
    view_numbers none = {0}, above = none + INFINITY, diagonal = anywhere || !time ? none : above;
    view_marks above_start = (view_marks){0} + time, diagonal_start = above_start;
    for (int64_t row = 0; row < rows; row++) {
        view_numbers left = *(view_numbers *)(costs + row * LANES), best = diagonal;
        view_marks left_start = anywhere ? *(view_marks *)(starts + row * LANES) : above_start, start = diagonal_start;
        keep_smaller(&best, &start, above, above_start, anywhere);
        keep_smaller(&best, &start, left, left_start, anywhere);
        above = best + *(const view_numbers *)(distances + row * LANES);
        *(view_numbers *)(costs + row * LANES) = above;
        diagonal = left;
        if (anywhere) {
            *(view_marks *)(starts + row * LANES) = above_start = start;
            diagonal_start = left_start;
        }
    }
}

INLINE void sweep_views(const float *query, int64_t rows, int64_t joints, const float *axes, int64_t groups,
                        const float *candidate, int64_t length, int anywhere, float *sums, float *distances,
                        float *room, int32_t *origins, float *best, int32_t *starts, int32_t *ends) {
    for (int64_t index = 0; index < groups * rows * LANES; index++) room[index] = INFINITY;
    for (int64_t index = 0; index < groups * LANES; index++) best[index] = INFINITY, starts[index] = ends[index] = 0;
    for (int64_t time = 0; time < length; time++) {
        const float *frame = candidate + time * joints * 3;
        multiply_frames(query, rows, frame, joints, sums);
        for (int64_t group = 0; group < groups; group++) {
            float *costs = room + group * rows * LANES, *last = costs + (rows - 1) * LANES;
            int32_t *begun = origins + (anywhere ? group * rows * LANES : 0), *first = begun + (rows - 1) * LANES;
            measure_frames(sums, rows, frame, joints, axes + group * AXES * LANES, distances);
            advance_views(distances, rows, costs, begun, (int32_t)time, anywhere);
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
    float *sums = malloc(AXES * rows * sizeof(float)), *distances = malloc(rows * LANES * sizeof(float));
    float *room = malloc(groups * rows * LANES * sizeof(float));
    int32_t *origins = calloc((anywhere ? groups : 1) * rows * LANES, sizeof(int32_t));
    int failed = !sums || !distances || !room || !origins;
    for (int64_t index = 0; !failed && index < count; index++) {
        int64_t at = order[index] * groups * LANES;
        const float *candidate = addresses[order[index]];
        int64_t length = lengths[order[index]];
        if (anywhere)
            sweep_views(query, rows, joints, axes, groups, candidate, length, 1, sums, distances, room,
                        origins, costs + at, starts + at, ends + at);
        else
            sweep_views(query, rows, joints, axes, groups, candidate, length, 0, sums, distances, room,
                        origins, costs + at, starts + at, ends + at);
    }
    free(sums);
    free(distances);
    free(room);
    free(origins);
    return failed;
}
