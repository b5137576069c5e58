/* Kernels that round as written, without fused multiply-add: reading numbers, resampling, alignments at a fixed speed,
   inner products. */

#include "native.h"

#include "products.h"

/* What a scan ends with, as in the jit modules. */
enum { DONE, NEEDS_FLOAT, TOO_MANY, DIFFERS };

#define LARGEST_VALUE 1e9
#define EXACT_INTEGERS (1ull << 53)
#define ONES 0x0101010101010101ull /* times a byte: that byte eight times */

typedef struct {
    const uint8_t *end; /* the byte behind the number */
    double value;
    int understood;
} number;

static const double POWERS[45] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14,
                                  1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22, 1e23, 1e24, 1e25, 1e26, 1e27, 1e28, 1e29,
                                  1e30, 1e31, 1e32, 1e33, 1e34, 1e35, 1e36, 1e37, 1e38, 1e39, 1e40, 1e41, 1e42, 1e43, 1e44};
static const double SIGNS[2] = {1, -1};
/* As far as a short number goes: larger ones are not understood. */
static const uint64_t INTEGER_POWERS[18] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};

INLINE int is_digit(uint8_t byte) { return (uint8_t)(byte - '0') < 10; }

INLINE uint64_t eight_bytes(const uint8_t *text) {
    uint64_t word;
    memcpy(&word, text, 8);
    return word;
}

/* Which of sixteen bytes are no digits: the first is the lowest bit. */
INLINE uint32_t not_digits(const uint8_t *text) {
#if defined(__SSE2__)
    __m128i digits = _mm_sub_epi8(_mm_loadu_si128((const __m128i *)text), _mm_set1_epi8('0'));
    return _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_max_epu8(digits, _mm_set1_epi8(10)), digits));
#else
    uint32_t flags = 0;
    for (int half = 0; half < 2; half++) {
        uint64_t digits = eight_bytes(text + 8 * half) ^ ONES * '0';
        uint64_t others = (((digits & ONES * 0x7f) + ONES * 0x76) | digits) & ONES * 0x80;
        flags |= (uint32_t)((others >> 7) * 0x0102040810204080ull >> 56) << 8 * half;
    }
    return flags;
#endif
}

/* The number that the first `count` bytes of a word spell, 1 to 8 digits (Lemire, "Number parsing at a gigabyte per
second", 2021). */
INLINE uint64_t value_of(uint64_t word, unsigned count) {
    uint64_t digits = (word ^ ONES * '0') << ((64 - 8 * count) & 63);
    digits = digits * 10 + (digits >> 8);
    digits = (digits & 0xff000000ffull) * 0xf424000000064ull + (digits >> 16 & 0xff000000ffull) * 0x271000000001ull;
    return digits >> 32 & 0xffffffff;
}

/* A number of 1 to 8 digits before the decimal mark and as many behind it, if there is one, and an exponent from -22 to 0:
nearly every one. Its digits and its power of ten are exact as float64, so that one division rounds once (Clinger 1990). */
INLINE number short_number(const uint8_t *text, uint8_t mark) {
    unsigned negative = *text == '-', power = 0;
    uint32_t others = (not_digits(text) | 3u << 16) & ~negative; /* bytes behind the sixteen are taken for no digits */
    unsigned point = __builtin_ctz(others), count = point - negative;
    uint64_t mantissa = value_of(eight_bytes(text + negative), count);
    int understood = count - 1 < 8;
    text += point;
    if (*text == mark) {
        power = __builtin_ctz(others & (others - 1)) - point - 1;
        understood &= power - 1 < 8;
        mantissa = mantissa * INTEGER_POWERS[power] + value_of(eight_bytes(text + 1), power);
        text += 1 + power;
    }
    if ((*text | 32) == 'e' && text[1] == '-') {
        int exponent = 0;
        text += 2;
        understood &= is_digit(*text);
        for (; is_digit(*text) && exponent < 100; text++) exponent = 10 * exponent + *text - '0';
        power += exponent;
        understood &= power <= 22;
        power = power <= 22 ? power : 22;
    }
    double value = (double)(int64_t)mantissa / POWERS[power] * SIGNS[negative]; /* a branch would be guessed wrong */
    return (number){text, value, understood & (*text <= 32) & (mantissa < EXACT_INTEGERS)};
}

/* Any number of digits, a plus sign and powers of ten from -44 to 0. Mantissas and powers that are not exact are divided
in double-double arithmetic; what then lies too near the middle between two floats is left to Python's float(). */
static number long_number(const uint8_t *text, uint8_t mark) {
    int negative = *text == '-', digits = 0, significant = 0, behind_mark = 0, cut = 0;
    int64_t exponent = 0;
    uint64_t mantissa = 0;
    text += negative || *text == '+';
    for (;; text++) {
        if (is_digit(*text)) {
            digits = 1;
            significant += mantissa > 0 || *text > '0';
            if (significant <= 19) {
                mantissa = mantissa * 10 + (*text - '0');
                exponent -= behind_mark;
            } else if (behind_mark) {
                cut = 1;
            } else {
                return (number){text, 0, 0};
            }
        } else if (*text == mark && !behind_mark) {
            behind_mark = 1;
        } else {
            break;
        }
    }
    if (!digits) return (number){text, 0, 0};
    if ((*text | 32) == 'e') {
        int64_t power = 0;
        int shrinks = *++text == '-';
        text += shrinks || *text == '+';
        if (!is_digit(*text)) return (number){text, 0, 0};
        for (; is_digit(*text) && power < 10000; text++) power = 10 * power + *text - '0';
        exponent += shrinks ? -power : power;
    }
    if (*text > 32 || exponent > 0 || exponent < -44) return (number){text, 0, 0};
    double value = (double)mantissa, divisor = POWERS[-exponent];
    if (mantissa < EXACT_INTEGERS && exponent >= -22) {
        value /= divisor;
    } else {
        /* 10^n = POWERS[n] + remainder; up to 10^44, which has 103 bits behind its zeros, both are exact. */
        double remainder = 0, high = POWERS[22];
        for (int64_t power = 22; power < -exponent; power++) {
            double product = high * 10;
            remainder = remainder * 10 + fma(high, 10, -product);
            high = product;
        }
        remainder += exponent < -22 ? high - divisor : 0;
        double rest = (double)(int64_t)(mantissa - (uint64_t)value), quotient = value / divisor;
        double product = quotient * divisor, error = fma(quotient, divisor, -product);
        double correction = ((value - product) - error + rest - quotient * remainder) / divisor;
        value = quotient + correction;
        correction -= value - quotient;
        double doubt = value * (cut ? 0x1p-58 : 0x1p-90); /* digits behind the 19th are less than 10^-18 of it */
        if (value + (correction + doubt) != value || value + (correction - doubt) != value) return (number){text, 0, 0};
    }
    return (number){text, negative ? -value : value, value <= LARGEST_VALUE};
}

/* See the jit module's function of this name. */
int scan_rows(const uint8_t *text, int64_t stop, int64_t mark, int64_t row_length, double *values, int64_t size,
              int64_t *state) {
    const uint8_t *position = text + state[0], *end = text + stop;
    int64_t count = state[1], line_first = state[2];
    int status = DONE;
    for (;;) {
        uint8_t byte = *position;
        if (byte <= 32) {
            if ((byte == '\n' || byte == '\r' || position >= end) && count != line_first) {
                int crosses = (count - 1) / row_length != line_first / row_length;
                if (crosses && (count % row_length || line_first % row_length) && state[3] < 0)
                    state[3] = position - text;
                line_first = count;
            }
            if (position >= end) break;
            if (byte < 9 || (byte > 13 && byte < 32)) { /* a control character is damage and no blank */
                status = NEEDS_FLOAT;
                break;
            }
            position++;
            continue;
        }
        if (count == size) {
            status = TOO_MANY;
            break;
        }
        number found = short_number(position, mark);
        if (!found.understood) found = long_number(position, mark);
        if (!found.understood) {
            status = NEEDS_FLOAT;
            break;
        }
        values[count++] = found.value;
        position = found.end;
    }
    state[0] = position - text;
    state[1] = count;
    state[2] = line_first;
    return status;
}

INLINE int is_blank(uint8_t byte) { return byte == ' ' || byte == '\t'; }
INLINE int is_white(uint8_t byte) { return byte == ' ' || (byte >= 9 && byte <= 13); }

/* See the jit module's function of this name. */
int scan_frames(const uint8_t *text, int64_t stop, int64_t mark, const uint64_t *words, const uint64_t *masks,
                const uint64_t *lengths, const int64_t *name_ends, const int64_t *column_ends, int64_t bones, double *values,
                int64_t frames, int64_t width, int64_t *state) {
    const uint8_t *position = text + state[0], *end = text + stop;
    int64_t frame = state[1], bone = state[2], column = state[3], named = state[4], last_number = state[5];
    int64_t frame_position = state[6];
    int status = DONE;
    while (status == DONE) {
        if (bone < 0) { /* between frames */
            while (position < end && is_white(*position)) position++;
            frame_position = position - text;
            if (position >= end) break;
            int64_t number = 0;
            for (const uint8_t *last = position + 15; position < last && is_digit(*position); position++)
                number = number * 10 + (*position - '0');
            while (is_blank(*position)) position++;
            if (*position > 32 || number != last_number + 1 || frame >= frames) status = DIFFERS;
            last_number = number;
            bone = column = named = 0;
            continue;
        }
        if (!named) {
            while (position < end && is_white(*position)) position++;
            for (int64_t index = name_ends[bone]; index < name_ends[bone + 1] && status == DONE; index++) {
                if (position >= end || (eight_bytes(position) & masks[index]) != words[index])
                    status = DIFFERS;
                else
                    position += lengths[index];
            }
            if (*position > 32) status = DIFFERS;
            named = 1;
        }
        while (status == DONE && column < column_ends[bone]) {
            while (is_blank(*position)) position++;
            if (*position <= 32) {
                status = DIFFERS;
                break;
            }
            number found = short_number(position, mark);
            if (!found.understood) found = long_number(position, mark);
            if (!found.understood) {
                status = NEEDS_FLOAT;
                break;
            }
            values[frame * width + column++] = found.value;
            position = found.end;
        }
        if (column == column_ends[bone]) {
            while (is_blank(*position)) position++;
            if (*position > 32) status = DIFFERS;
            named = 0;
            if (++bone == bones) {
                bone = -1;
                frame++;
            }
        }
    }
    state[0] = position - text;
    state[1] = frame;
    state[2] = bone;
    state[3] = column;
    state[4] = named;
    state[5] = last_number;
    state[6] = frame_position;
    return status;
}

/* See the jit module's function of this name. weights (2 * reach + 1,) and row (width,): room to work in. */
CLONES void resample_frames(const float *samples, int64_t count, int64_t width, double step, int64_t lobes, int64_t reach,
                     double *weights, double *row, float *result, int64_t wanted) {
    const double pi = 3.14159265358979323846, stretch = step > 1 ? step : 1;
    for (int64_t new = 0; new < wanted; new++) {
        double centre = new * step, total = 0;
        int64_t nearest = (int64_t)floor(centre + 0.5);
        for (int64_t tap = -reach; tap <= reach; tap++) {
            double x = (nearest + tap - centre) / stretch, weight = 0;
            if (fabs(x) < 1e-9)
                weight = 1;
            else if (fabs(x) < lobes)
                weight = lobes * sin(pi * x) * sin(pi * x / lobes) / (pi * x * (pi * x));
            weights[tap + reach] = weight;
            total += weight;
        }
        for (int64_t column = 0; column < width; column++) row[column] = 0;
        for (int64_t tap = -reach; tap <= reach; tap++) {
            double weight = weights[tap + reach] / total;
            int64_t old = nearest + tap;
            if (weight == 0) continue;
            if (0 <= old && old < count) {
                for (int64_t column = 0; column < width; column++) row[column] += weight * samples[old * width + column];
            } else { /* point reflection at the end that was passed */
                int64_t end = old < 0 ? 0 : count - 1, mirrored = 2 * end - old;
                mirrored = mirrored < 0 ? 0 : mirrored < count ? mirrored : count - 1;
                for (int64_t column = 0; column < width; column++)
                    row[column] += weight * (2.0 * samples[end * width + column] - samples[mirrored * width + column]);
            }
        }
        for (int64_t column = 0; column < width; column++) result[new * width + column] = (float)row[column];
    }
}

typedef float start_sums __attribute__((vector_size(64), aligned(4), may_alias));
typedef int32_t start_ends __attribute__((vector_size(64), aligned(4), may_alias));
#define STARTS 16    /* in a vector */
#define START_RUNS 4 /* vectors at once */
static const start_ends EACH_START = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

/* Compare the alignments from STARTS * runs starts, from `first` on, with the best so far. */
INLINE void compare_starts(const float *costs, const int64_t *shifts, int64_t count, int64_t first, int32_t length,
                           int64_t runs, float *best, int32_t *ends) {
    start_sums sums[START_RUNS] = {0};
    for (int64_t row = 0; row < count; row++)
        for (int64_t run = 0; run < runs; run++)
            sums[run] += *(const start_sums *)(costs + shifts[row] + first + run * STARTS);
    for (int64_t run = 0; run < runs; run++) {
        start_sums *nearest = (start_sums *)(best + first + run * STARTS);
        start_ends *end = (start_ends *)(ends + first + run * STARTS), nearer = sums[run] < *nearest;
        int32_t from = (int32_t)(first + run * STARTS) + length;
        *nearest = (start_sums)((nearer & (start_ends)sums[run]) | (~nearer & (start_ends)*nearest));
        *end = (nearer & (EACH_START + from)) | (~nearer & *end);
    }
}

/* See the jit module's function of this name. The products become costs; shifts (count,): room to work in. */
CLONES void cheapest_fixed_speeds(const uintptr_t *products, const int64_t *lengths, int64_t motions,
                                  const float *restrict own_squares, const float *restrict squares,
                                  const int64_t *frames, int64_t count, const double *speeds, int64_t speed_count,
                                  int64_t *restrict shifts, float *restrict best, int32_t *restrict ends) {
    for (int64_t motion = 0; motion < motions; motion++) {
        float *costs = (float *)products[motion];
        int64_t length = lengths[motion];
        for (int64_t row = 0; row < count; row++)
            for (int64_t start = 0; start < length; start++)
                costs[row * length + start] = (-2 * costs[row * length + start] + own_squares[row]) + squares[start];
        for (int64_t start = 0; start < length; start++) best[start] = INFINITY, ends[start] = 0;
        for (int64_t speed = 0; speed < speed_count; speed++) {
            int64_t last = (int64_t)rint(frames[count - 1] * speeds[speed]), starts = length - last, start = 0;
            for (int64_t row = 0; row < count && starts > 0; row++)
                shifts[row] = row * length + (int64_t)rint(frames[row] * speeds[speed]);
            for (; start + STARTS * START_RUNS <= starts; start += STARTS * START_RUNS)
                compare_starts(costs, shifts, count, start, (int32_t)last + 1, START_RUNS, best, ends);
            for (; start + STARTS <= starts; start += STARTS)
                compare_starts(costs, shifts, count, start, (int32_t)last + 1, 1, best, ends);
            if (start < starts && starts >= STARTS) { /* the last ones, some of which were compared before */
                compare_starts(costs, shifts, count, starts - STARTS, (int32_t)last + 1, 1, best, ends);
                start = starts;
            }
            for (; start < starts; start++) {
                float sum = 0;
                for (int64_t row = 0; row < count; row++) sum += costs[shifts[row] + start];
                if (sum < best[start]) best[start] = sum, ends[start] = (int32_t)(start + last) + 1;
            }
        }
        for (int64_t start = 0; start < length; start++) {
            float mean = best[start] / (float)count;
            best[start] = mean > 0 ? mean : 0;
        }
        best += length, ends += length, squares += length;
    }
}
