/* What the statistics encoders are made of: channels of each frame of a body, and statistics of channels over time. */

#define TURN 6.28318530717958647692

/* Channels of one motion; `turns` has room for 3 numbers a frame, `origins` for 3 numbers a frame and 3 a frame and joint
and one frame more. */
INLINE void motion_channels(const float *restrict positions, int64_t frames, int64_t body, const int32_t *restrict sides,
                            const float *restrict side_factors, int64_t side_count, const int32_t *restrict hips,
                            const int32_t *restrict joints, int64_t joint_count, const int32_t *restrict pairs,
                            int64_t pair_count, const int32_t *restrict bones, int64_t bone_count, int64_t rates,
                            float rate, double *restrict turns, float *restrict origins, float *restrict channels) {
    int64_t width = pair_count + 3 * bone_count + rates, speeds = rates ? rates - 4 : 0;
    double *angles = turns + 2 * frames;
    float *x = origins + 3 * frames, *y = x + joint_count, *z = y + joint_count, *seen = z + joint_count;
    int known = find_headings(positions, frames, body, sides, side_factors, side_count, hips, turns, origins);
    for (int64_t frame = 0; frame < frames; frame++) {
        heading mean = mean_heading(turns, known, frame, frames);
        float cosine = (float)mean.cosine, sine = (float)mean.sine;
        const float *place = positions + 3 * body * frame, *origin = origins + 3 * frame;
        float *row = channels + width * frame, *own = seen + 3 * joint_count * frame;
        if (rates) angles[frame] = atan2(mean.sine, mean.cosine);
        for (int64_t joint = 0; joint < joint_count; joint++) {
            const float *point = place + 3 * joints[joint];
            x[joint] = point[0] - origin[0], y[joint] = point[1] - origin[1], z[joint] = point[2] - origin[2];
        }
        for (int64_t joint = 0; joint <= speeds && speeds; joint++) {
            own[3 * joint] = cosine * x[joint] - sine * z[joint];
            own[3 * joint + 1] = y[joint];
            own[3 * joint + 2] = sine * x[joint] + cosine * z[joint];
        }
        for (int64_t pair = 0; pair < pair_count; pair++) {
            int32_t one = pairs[pair], other = pairs[pair_count + pair];
            float right = x[one] - x[other], up = y[one] - y[other], ahead = z[one] - z[other];
            row[pair] = sqrtf(right * right + up * up + ahead * ahead);
        }
        row += pair_count;
        for (int64_t bone = 0; bone < bone_count; bone++, row += 3) {
            int32_t one = bones[bone], other = bones[bone_count + bone];
            float right = x[other] - x[one], up = y[other] - y[one], ahead = z[other] - z[one];
            float length = sqrtf(right * right + up * up + ahead * ahead);
            length = length > 1e-6f ? length : 1e-6f;
            row[0] = (cosine * right - sine * ahead) / length;
            row[1] = up / length;
            row[2] = (sine * right + cosine * ahead) / length;
        }
        if (rates) body_velocity(origins, frame, frames, rate, cosine, sine, row);
    }
    for (int64_t frame = 0; frame < frames && rates; frame++) {
        int64_t before = frame ? frame - 1 : 0, after = frame + 1 < frames ? frame + 1 : frame;
        float step = after > before ? rate / (float)(after - before) : 0;
        float *row = channels + width * frame + pair_count + 3 * bone_count;
        double turned = 0;
        for (int64_t next = before; next < after; next++) {
            double angle = angles[next + 1] - angles[next];
            turned += angle - TURN * rint(angle / TURN);
        }
        row[3] = step * (float)turned;
        const float *then = seen + 3 * joint_count * before, *now = seen + 3 * joint_count * after;
        for (int64_t joint = 1; joint <= speeds; joint++) {
            float right = now[3 * joint] - then[3 * joint], up = now[3 * joint + 1] - then[3 * joint + 1];
            float ahead = now[3 * joint + 2] - then[3 * joint + 2];
            row[3 + joint] = step * sqrtf(right * right + up * up + ahead * ahead);
        }
    }
}

/* See the jit module's function of this name. Returns 0, or 1 if there is not enough memory. */
CLONES int body_channels(const float *const *motions, const int64_t *restrict lengths, int64_t count, int64_t body,
                         const int32_t *restrict sides, const float *restrict side_factors, int64_t side_count,
                         const int32_t *restrict hips, const int32_t *restrict joints, int64_t joint_count,
                         const int32_t *restrict pairs, int64_t pair_count, const int32_t *restrict bones,
                         int64_t bone_count, int64_t rates, float rate, float *restrict channels) {
    int64_t width = pair_count + 3 * bone_count + rates, longest = 0;
    for (int64_t motion = 0; motion < count; motion++) longest = lengths[motion] > longest ? lengths[motion] : longest;
    double *turns = malloc((3 * longest + 1) * sizeof(double));
    float *origins = malloc((3 * longest + 3 * joint_count * (longest + 1) + 1) * sizeof(float));
    if (!turns || !origins) {
        free(turns), free(origins);
        return 1;
    }
    for (int64_t motion = 0; motion < count; channels += width * lengths[motion++])
        motion_channels(motions[motion], lengths[motion], body, sides, side_factors, side_count, hips, joints, joint_count,
                        pairs, pair_count, bones, bone_count, rates, rate, turns, origins, channels);
    free(turns), free(origins);
    return 0;
}

#define SAMPLES 32 /* that a window is brought to for its Fourier magnitudes */
#define BINS 6
#define QUANTILES 5
static const double QUANTILE_PLACES[QUANTILES] = {0.1, 0.25, 0.5, 0.75, 0.9};

typedef float lanes __attribute__((vector_size(4 * LANES)));

/* Each lane's smaller number to `low` and its larger one to `high`. */
INLINE void exchange(float *restrict low, float *restrict high) {
    NO_UNROLLING for (int lane = 0; lane < LANES; lane++) {
        float one = low[lane], other = high[lane]; /* named, or GCC takes it for a choice between storing and not storing */
        float small = one < other ? one : other, large = one < other ? other : one;
        low[lane] = small, high[lane] = large;
    }
}

/* Exchange each of `part` rows from `first` and `part` rows on with the row so far `apart`, up to `end`. */
INLINE void exchange_all(float (*rows)[LANES], int64_t first, int64_t end, int64_t part, int64_t apart) {
    for (; first + part <= end; first += 2 * part)
        for (int64_t row = first; row < first + part; row++) exchange(rows[row], rows[row + apart]);
    for (; first < end; first++) exchange(rows[first], rows[first + apart]);
}

/* Sort LANES columns, each on its own, by Batcher's merge exchange (Knuth, The Art of Computer Programming, volume 3,
5.2.2, algorithm M): the steps do not depend on the numbers, so that the columns take them together. */
INLINE void sort_columns(float (*rows)[LANES], int64_t count) {
    int64_t top = 1;
    while (2 * top < count) top *= 2;
    for (int64_t part = top; part > 0; part /= 2)
        for (int64_t reach = top, offset = 0, apart = part;; apart = reach - part, reach /= 2, offset = part) {
            if (part == 1) /* written out by the compiler: most steps are such short ones */
                exchange_all(rows, offset, count - apart, 1, apart);
            else if (part == 2)
                exchange_all(rows, offset, count - apart, 2, apart);
            else
                exchange_all(rows, offset, count - apart, part, apart);
            if (reach == part) break;
        }
}

/* Roots of the magnitudes of the Fourier bins of LANES columns. */
INLINE void find_magnitudes(float (*rows)[LANES], int64_t count, const float *restrict waves, float (*magnitudes)[LANES]) {
    lanes sums[2 * BINS] = {{0}}, start, low, high;
    double step = (double)(count - 1) / (SAMPLES - 1);
    memcpy(&start, rows[0], sizeof(lanes));
    for (int64_t sample = 1; sample < SAMPLES; sample++) { /* the first is no swing */
        double place = sample + 1 < SAMPLES ? sample * step : count - 1;
        int64_t row = (int64_t)place;
        float part = (float)(place - row);
        memcpy(&low, rows[row], sizeof(lanes));
        memcpy(&high, rows[row + 1 < count ? row + 1 : row], sizeof(lanes));
        low = (1 - part) * (low - start) + part * (high - start);
        for (int wave = 0; wave < 2 * BINS; wave++) sums[wave] += waves[2 * BINS * sample + wave] * low;
    }
    for (int bin = 0; bin < BINS; bin++)
        NO_UNROLLING for (int lane = 0; lane < LANES; lane++) {
            float cosine = sums[bin][lane], sine = sums[BINS + bin][lane];
            magnitudes[bin][lane] = sqrtf(sqrtf(cosine * cosine + sine * sine));
        }
}

/* Signed roots of the quantiles of LANES sorted columns. */
INLINE void find_quantiles(float (*rows)[LANES], int64_t count, float (*quantiles)[LANES]) {
    for (int quantile = 0; quantile < QUANTILES; quantile++) {
        double place = QUANTILE_PLACES[quantile] * (count - 1);
        int64_t row = (int64_t)place;
        float part = (float)(place - row), *low = rows[row], *high = rows[row + 1 < count ? row + 1 : row];
        NO_UNROLLING for (int lane = 0; lane < LANES; lane++) {
            float value = (1 - part) * low[lane] + part * high[lane];
            quantiles[quantile][lane] = copysignf(sqrtf(fabsf(value)), value);
        }
    }
}

/* The first columns of `count` rows, one after the other. */
INLINE void store_columns(float (*rows)[LANES], int count, int64_t columns, float *restrict target) {
    for (int64_t column = 0; column < columns; column++)
        for (int row = 0; row < count; row++) target[count * column + row] = rows[row][column];
}

/* See the jit module's function of this name. Returns 0, or 1 if there is not enough memory. */
CLONES int window_statistics(const float *restrict channels, int64_t width, const int64_t *restrict spans, int64_t count,
                             const float *restrict waves, int64_t waved, int64_t ordered, float *restrict magnitudes,
                             float *restrict quantiles, float *restrict means) {
    int64_t longest = 0, others = width - ordered;
    for (int64_t span = 0; span < count; span++)
        longest = spans[2 * span + 1] - spans[2 * span] > longest ? spans[2 * span + 1] - spans[2 * span] : longest;
    char *room = calloc(longest + 1, sizeof(float[LANES]));
    double *sums = malloc((2 * others + 1) * sizeof(double));
    if (!room || !sums) {
        free(room), free(sums);
        return 1;
    }
    float(*rows)[LANES] = (void *)(room + (-(uintptr_t)room & (sizeof(*rows) - 1))), found[BINS][LANES]; /* whole cache lines */
    for (int64_t span = 0; span < count; span++) {
        const float *start = channels + width * spans[2 * span];
        int64_t length = spans[2 * span + 1] - spans[2 * span];
        for (int64_t first = 0; first < ordered; first += LANES) {
            int64_t columns = ordered - first < LANES ? ordered - first : LANES;
            if (first + LANES <= width) /* columns that are not ordered are sorted too, which costs nothing */
                for (int64_t row = 0; row < length; row++) memcpy(rows[row], start + width * row + first, sizeof(*rows));
            else
                for (int64_t row = 0; row < length; row++)
                    memcpy(rows[row], start + width * row + first, columns * sizeof(float));
            if (first < waved) {
                find_magnitudes(rows, length, waves, found);
                store_columns(found, BINS, waved - first < columns ? waved - first : columns,
                              magnitudes + BINS * (waved * span + first));
            }
            sort_columns(rows, length);
            find_quantiles(rows, length, found);
            store_columns(found, QUANTILES, columns, quantiles + QUANTILES * (ordered * span + first));
        }
        memset(sums, 0, 2 * others * sizeof(double));
        for (int64_t row = 0; row < length; row++)
            for (int64_t other = 0; other < others; other++) {
                float value = start[width * row + ordered + other];
                sums[other] += value;
                sums[others + other] += fabsf(value);
            }
        for (int64_t other = 0; other < 2 * others; other++) means[2 * others * span + other] = (float)(sums[other] / length);
    }
    free(room), free(sums);
    return 0;
}

#define BLOCK 256 /* numbers that are added up in single precision before they are added to the rest */

/* See the jit module's function of this name. */
CLONES void map_rows(const float *restrict rows, int64_t count, int64_t width, const float *restrict matrix,
                     const float *restrict centre, int64_t columns, float *restrict mapped) {
    for (int64_t first = 0; first < columns; first += LANES, matrix += LANES * width) {
        int64_t kept = columns - first < LANES ? columns - first : LANES;
        for (int64_t start = 0; start < count; start += RUNS) {
            const float *own[RUNS];
            lanes totals[RUNS] = {{0}};
            for (int run = 0; run < RUNS; run++) own[run] = rows + width * (start + run < count ? start + run : count - 1);
            for (int64_t block = 0; block < width; block += BLOCK) {
                lanes sums[RUNS] = {{0}};
                for (int64_t number = block; number < width && number < block + BLOCK; number++) {
                    lanes weights;
                    memcpy(&weights, matrix + LANES * number, sizeof(lanes));
                    for (int run = 0; run < RUNS; run++) sums[run] += own[run][number] * weights;
                }
                for (int run = 0; run < RUNS; run++) totals[run] += sums[run];
            }
            for (int run = 0; run < RUNS && start + run < count; run++)
                for (int64_t column = 0; column < kept; column++)
                    mapped[columns * (start + run) + first + column] = totals[run][column] - centre[first + column];
        }
    }
}
