/* Kernels whose sums may use fused multiply-add: dynamic time warping and its features, statistics of
   motions, signs in poses, reprojection, forward kinematics and passes over vectors. */

#include "native.h"

#define LANES 16 /* numbers side by side: one AVX-512 register of float32, two of AVX2 */
/* A mask of the lanes with that bit in their number. */
#define BIT(lane, bit) ((lane) & (bit) ? -1 : 0)
#define FOUR(lane, bit) BIT(lane, bit), BIT(lane + 1, bit), BIT(lane + 2, bit), BIT(lane + 3, bit)
#define EACH(bit) FOUR(0, bit), FOUR(4, bit), FOUR(8, bit), FOUR(12, bit)
#define RUNS 6   /* vectors of sums at once: as many as AVX2's 16 registers hold */

#define REAL float
#define MASK int32_t
#define NAME(function) function##_float32
#include "warping.h"
#undef REAL
#undef MASK
#undef NAME
#define REAL double
#define MASK int64_t
#define NAME(function) function##_float64
#include "warping.h"
#include "reprojection.h"
#include "codes.h"
#include "scan.h"
#include "headings.h"
#include "features.h"
#include "statistics.h"
#include "bodies.h"

/* Forward kinematics: blocks of WIDTH frames, one joint after the other, every number of a joint as a row of WIDTH
neighbouring float32. Rows 0-8 of a joint: its world rotation by rows, 9-11: its position. A working block has sine and
cosine in rows 12 and 13, and a local translation in 12-14. */
#define WIDTH 64
#define JOINT_ROWS 12
#define ROTATE_X 3

typedef float row[WIDTH];

INLINE void place(row *restrict work, row *restrict parent, const float *offset) {
    for (int axis = 0; axis < 3; axis++)
        for (int lane = 0; lane < WIDTH; lane++)
            work[9 + axis][lane] = parent[9 + axis][lane] + parent[3 * axis][lane] * offset[0] +
                                   parent[3 * axis + 1][lane] * offset[1] + parent[3 * axis + 2][lane] * offset[2];
}

/* As place, with an offset of its own in each frame: constant parts plus translation channels. */
INLINE void move(row *restrict work, row *restrict parent, const float *offset, const float *axes, const int32_t *kinds,
                 int64_t count, const double *channels, int64_t stride, int64_t lanes) {
    for (int axis = 0; axis < 3; axis++)
        for (int lane = 0; lane < WIDTH; lane++) work[12 + axis][lane] = offset[axis];
    for (int64_t channel = 0; channel < count; channel++)
        for (int axis = 0; axis < 3 && kinds[channel] < ROTATE_X; axis++)
            for (int64_t lane = 0; lane < lanes; lane++)
                work[12 + axis][lane] += (float)channels[lane * stride + channel] * axes[3 * axis + kinds[channel]];
    for (int axis = 0; axis < 3; axis++)
        for (int lane = 0; lane < WIDTH; lane++)
            work[9 + axis][lane] = parent[9 + axis][lane] + parent[3 * axis][lane] * work[12][lane] +
                                   parent[3 * axis + 1][lane] * work[13][lane] +
                                   parent[3 * axis + 2][lane] * work[14][lane];
}

INLINE void turn_constant(row *restrict work, row *restrict parent, const float *turn) {
    for (int column = 0; column < 3; column++)
        for (int line = 0; line < 9; line += 3)
            for (int lane = 0; lane < WIDTH; lane++)
                work[line + column][lane] = parent[line][lane] * turn[column] + parent[line + 1][lane] * turn[3 + column] +
                                            parent[line + 2][lane] * turn[6 + column];
}

/* Rows 12 and 13: sine and cosine, by Cephes' polynomials; angles are reduced to [-pi/4, pi/4] in float64. */
INLINE void sine_cosine(row *restrict work, const double *restrict angles) {
    for (int lane = 0; lane < WIDTH; lane++) {
        double turns = floor(angles[lane] * 0.63661977236758134308 + 0.5);
        float rest = (float)(angles[lane] - turns * 1.57079632679489661923), square = rest * rest;
        float sine = rest + rest * square * (-1.6666654611e-1f + square * (8.3321608736e-3f + square * -1.9515295891e-4f));
        float cosine =
            1.0f - 0.5f * square +
            square * square * (4.166664568298827e-2f + square * (-1.388731625493765e-3f + square * 2.443315711809948e-5f));
        int32_t quadrant = (int32_t)turns;
        float first = quadrant & 1 ? cosine : sine, second = quadrant & 1 ? sine : cosine;
        work[12][lane] = quadrant & 2 ? -first : first;
        work[13][lane] = (quadrant + 1) & 2 ? -second : second;
    }
}

INLINE void turn(row *restrict work, int first_column, int second_column) {
    for (int line = 0; line < 9; line += 3) {
        float *restrict one = work[line + first_column], *restrict other = work[line + second_column];
        for (int lane = 0; lane < WIDTH; lane++) {
            float first = one[lane], second = other[lane], sine = work[12][lane], cosine = work[13][lane];
            one[lane] = first * cosine + second * sine;
            other[lane] = second * cosine - first * sine;
        }
    }
}

/* See the jit module's function of this name. Returns 0, or 1 if there is not enough memory. */
CLONES int forward_kinematics(const int32_t *parents, const uint8_t *is_parent, const float *offsets, const float *turns,
                              const uint8_t *is_turned, const float *axes, const int64_t *channel_ends,
                              const int32_t *kinds, const double *channels, float *positions, int64_t frame_count,
                              int64_t joint_count, int64_t channel_count) {
    row work[JOINT_ROWS + 3] = {{0}};
    double angles[WIDTH] = {0};
    row *blocks = calloc((joint_count + 1) * JOINT_ROWS, sizeof(row)); /* block 0: the world, at the origin */
    if (!blocks) return 1;
    for (int line = 0; line < 9; line += 4)
        for (int lane = 0; lane < WIDTH; lane++) blocks[line][lane] = 1.0f;
    for (int64_t start = 0; start < frame_count; start += WIDTH) {
        int64_t lanes = frame_count - start < WIDTH ? frame_count - start : WIDTH, first = 0;
        for (int64_t joint = 0; joint < joint_count; joint++) {
            row *parent = blocks + (parents[joint] + 1) * JOINT_ROWS;
            int64_t last = channel_ends[joint];
            int moves = 0;
            for (int64_t channel = first; channel < last; channel++) moves |= kinds[channel] < ROTATE_X;
            if (moves)
                move(work, parent, offsets + 3 * joint, axes + 9 * joint, kinds + first, last - first,
                     channels + start * channel_count + first, channel_count, lanes);
            else
                place(work, parent, offsets + 3 * joint);
            for (int64_t lane = 0; lane < lanes; lane++)
                for (int axis = 0; axis < 3; axis++)
                    positions[((start + lane) * joint_count + joint) * 3 + axis] = work[9 + axis][lane];
            if (is_parent[joint]) {
                if (is_turned[joint])
                    turn_constant(work, parent, turns + 9 * joint);
                else
                    memcpy(work, parent, 9 * sizeof(row));
                for (int64_t channel = first; channel < last; channel++) {
                    if (kinds[channel] < ROTATE_X) continue;
                    for (int64_t lane = 0; lane < lanes; lane++)
                        angles[lane] = channels[(start + lane) * channel_count + channel];
                    sine_cosine(work, angles);
                    if (kinds[channel] == ROTATE_X)
                        turn(work, 1, 2);
                    else if (kinds[channel] == ROTATE_X + 1)
                        turn(work, 2, 0);
                    else
                        turn(work, 0, 1);
                }
                memcpy(blocks + (joint + 1) * JOINT_ROWS, work, JOINT_ROWS * sizeof(row));
            }
            first = last;
        }
    }
    free(blocks);
    return 0;
}
