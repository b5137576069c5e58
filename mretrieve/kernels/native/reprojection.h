/* Dynamic time warping between a query in two dimensions and candidates in three that are seen from several directions.

Query frames have mean 0 and norm 1, candidate frames have mean 0. The squared distance between a query frame q and a
candidate frame x, seen along the axes a and brought to norm 1, is 2 - 2 sum_j q_j . (a x_j) / |a x|. The sum is linear
in the axes: the six sums over joints of q_j times x_j are the same for all views. LANES views lie side by side. */

#define AXES 6

/* The sums (AXES, stride) over joints of the products of every query frame with one candidate frame (J, 3).

query (J, 2, stride): all frames of a coordinate side by side, and zeros up to a multiple of LANES. */
INLINE void multiply_frames(const float *restrict query, int64_t stride, const float *restrict frame, int64_t joints,
                            float *restrict sums) {
    memset(sums, 0, AXES * stride * sizeof(float));
    for (int64_t joint = 0; joint < joints; joint++)
        for (int axis = 0; axis < AXES; axis++) {
            const float *restrict values = query + (2 * joint + axis / 3) * stride;
            float factor = frame[3 * joint + axis % 3], *restrict sum = sums + axis * stride;
            for (int64_t row = 0; row < stride; row += LANES)
                for (int lane = 0; lane < LANES; lane++) sum[row + lane] += values[row + lane] * factor;
        }
}

/* The sums (3, 3) over joints of the products of the coordinates of a candidate frame (J, 3), those above the diagonal
doubled; those below it are left out. */
INLINE void multiply_coordinates(const float *restrict frame, int64_t joints, float products[3][3]) {
    memset(products, 0, 9 * sizeof(float));
    for (const float *place = frame; place < frame + 3 * joints; place += 3)
        for (int one = 0; one < 3; one++)
            for (int other = one; other < 3; other++)
                products[one][other] += (one == other ? 1.0f : 2.0f) * place[one] * place[other];
}

typedef float view_numbers __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float)), may_alias));
typedef int32_t view_marks __attribute__((vector_size(LANES * sizeof(int32_t)), aligned(sizeof(int32_t)), may_alias));

/* The square roots of LANES numbers, of negative ones 0. */
INLINE view_numbers roots(view_numbers squares) {
    union { view_numbers numbers; float lanes[LANES]; } each = {squares};
    NO_UNROLLING
    for (int lane = 0; lane < LANES; lane++) each.lanes[lane] = sqrtf(each.lanes[lane] > 0.0f ? each.lanes[lane] : 0.0f);
    return each.numbers;
}

/* What a sum of products with the axes is multiplied by: -2 over the norm of a candidate frame as LANES views show it
along the axes (AXES of LANES). products: see multiply_coordinates. */
INLINE view_numbers scale_of(float products[3][3], const view_numbers *axes) {
    view_numbers squares = {0};
    for (int one = 0; one < 3; one++)
        for (int other = one; other < 3; other++)
            squares += products[one][other] * (axes[one] * axes[other] + axes[3 + one] * axes[3 + other]);
    return -2.0f / roots(squares + 1e-12f);
}

/* In each lane `other` if it is smaller than `best`; returns the lanes in which it is. */
INLINE view_marks keep_smaller(view_numbers *best, view_numbers other) {
    view_marks smaller = other < *best, kept = (view_marks)*best;
    *best = (view_numbers)(kept ^ ((kept ^ (view_marks)other) & smaller));
    return smaller;
}

/* `other` in the lanes in which `chosen` is -1, elsewhere `mark`. */
INLINE view_marks marks_of(view_marks mark, view_marks other, view_marks chosen) {
    return mark ^ ((mark ^ other) & chosen);
}

/* The next column of the recursion, for LANES views of a candidate frame, which is number `time`.

sums: see multiply_frames; products: see multiply_coordinates; axes (AXES, LANES); costs, starts (rows, LANES): of the last column, then of this one. If
`anywhere`, a path may begin at this frame; else only at the first. */
INLINE void advance_views(const float *restrict sums, int64_t rows, int64_t stride, float products[3][3],
                          const float *restrict axes, float *restrict costs, int32_t *restrict starts, int32_t time,
                          int anywhere) {
    view_numbers directions[AXES];
    for (int axis = 0; axis < AXES; axis++) directions[axis] = *(const view_numbers *)(axes + axis * LANES);
    view_numbers scale = scale_of(products, directions);
    view_numbers none = {0}, above = none + INFINITY, diagonal = anywhere || !time ? none : above;
    view_marks above_start = (view_marks){0} + time, diagonal_start = above_start;
    for (int64_t row = 0; row < rows; row++) {
        view_numbers alike = {0};
        for (int axis = 0; axis < AXES; axis++) alike += directions[axis] * sums[axis * stride + row];
        view_numbers left = *(view_numbers *)(costs + row * LANES), best = diagonal;
        view_marks left_start = anywhere ? *(view_marks *)(starts + row * LANES) : above_start;
        view_marks is_above = keep_smaller(&best, above), is_left = keep_smaller(&best, left);
        above = best + roots(alike * scale + 2.0f);
        *(view_numbers *)(costs + row * LANES) = above;
        diagonal = left;
        if (anywhere) {
            above_start = marks_of(marks_of(diagonal_start, above_start, is_above), left_start, is_left);
            *(view_marks *)(starts + row * LANES) = above_start;
            diagonal_start = left_start;
        }
    }
}

INLINE void sweep_views(const float *query, int64_t rows, int64_t stride, int64_t joints, const float *axes,
                        int64_t groups, const float *candidate, int64_t length, int anywhere, float *sums, float *room,
                        int32_t *origins, float *best, int32_t *starts, int32_t *ends) {
    for (int64_t index = 0; index < groups * rows * LANES; index++) room[index] = INFINITY;
    for (int64_t index = 0; index < groups * LANES; index++) best[index] = INFINITY, starts[index] = ends[index] = 0;
    for (int64_t time = 0; time < length; time++) {
        const float *frame = candidate + time * joints * 3;
        float products[3][3];
        multiply_frames(query, stride, frame, joints, sums);
        multiply_coordinates(frame, joints, products);
        for (int64_t group = 0; group < groups; group++) {
            float *costs = room + group * rows * LANES, *last = costs + (rows - 1) * LANES;
            int32_t *begun = origins + (anywhere ? group * rows * LANES : 0), *first = begun + (rows - 1) * LANES;
            const float *directions = axes + group * AXES * LANES;
            advance_views(sums, rows, stride, products, directions, costs, begun, (int32_t)time, anywhere);
            if (!anywhere && time < length - 1) continue;
            view_marks nearer = keep_smaller((view_numbers *)(best + group * LANES), *(view_numbers *)last);
            view_marks *start = (view_marks *)(starts + group * LANES), *end = (view_marks *)(ends + group * LANES);
            if (anywhere) *start = marks_of(*start, *(view_marks *)first, nearer);
            *end = marks_of(*end, (view_marks){0} + (int32_t)(time + 1), nearer);
        }
    }
}

/* Write to costs, starts and ends (C, groups * LANES) what the best path of each view costs, for each candidate that
`order` lists. Returns 0, or 1 if there is not enough memory. See the jit module's function of this name; query here:
(J, 2, rows and zeros up to a multiple of LANES), axes: (groups, AXES, LANES). */
CLONES int reprojection_costs(const float *query, int64_t rows, int64_t joints, const float *axes, int64_t groups,
                              float *const *addresses, const int64_t *lengths, const int64_t *order, int64_t count,
                              int anywhere, float *costs, int32_t *starts, int32_t *ends) {
    int64_t stride = (rows + LANES - 1) / LANES * LANES;
    float *sums = malloc(AXES * stride * sizeof(float)), *room = malloc(groups * rows * LANES * sizeof(float));
    int32_t *origins = calloc((anywhere ? groups : 1) * rows * LANES, sizeof(int32_t));
    int failed = !sums || !room || !origins;
    for (int64_t index = 0; !failed && index < count; index++) {
        int64_t at = order[index] * groups * LANES;
        const float *candidate = addresses[order[index]];
        int64_t length = lengths[order[index]];
        if (anywhere)
            sweep_views(query, rows, stride, joints, axes, groups, candidate, length, 1, sums, room, origins,
                        costs + at, starts + at, ends + at);
        else
            sweep_views(query, rows, stride, joints, axes, groups, candidate, length, 0, sums, room, origins,
                        costs + at, starts + at, ends + at);
    }
    free(sums);
    free(room);
    free(origins);
    return failed;
}
