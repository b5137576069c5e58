/* Search among 8-bit codes: rows that can be among the nearest, by inner products with proven bounds. */

#define CODE_ROWS 256 /* at a time; their bounds stay in the cache */
#define CODE_AHEAD 8192 /* bytes; without it a single query waits for half of its time */
#define CODE_GROUP 32 /* rows that are passed over together if none of them can be among the nearest */

INLINE int32_t code_product(const uint8_t *restrict codes, const int16_t *restrict query, int64_t width) {
    int32_t sum = 0;
    for (int64_t column = 0; column < width; column++) {
        int16_t code = codes[column]; /* of the query's type: GCC finds the instruction that adds products of pairs */
        sum += (int32_t)code * query[column];
    }
    return sum;
}

/* Put a value in the place of the smallest of a heap, which is its first. */
INLINE void replace_smallest(float *heap, int64_t size, float value) {
    int64_t place = 0;
    for (int64_t child = 1; child < size; child = 2 * place + 1) {
        child += child + 1 < size && heap[child + 1] < heap[child];
        if (heap[child] >= value) break;
        heap[place] = heap[child];
        place = child;
    }
    heap[place] = value;
}

/* See the jit module's function of this name. */
CLONES void code_shortlists(const uint8_t *restrict codes, const float *restrict scales, const float *restrict errors,
                            const float *restrict others, int64_t rows, int64_t width, int64_t other_count,
                            const int32_t *restrict clips, const uint8_t *restrict allowed,
                            const int16_t *restrict queries,
                            const float *restrict other_queries, const float *restrict units, const float *restrict norms,
                            const float *restrict slacks, int64_t query_count, int64_t k, float *restrict heaps,
                            int64_t capacity, int32_t *restrict found, float *restrict bounds, int64_t *restrict counts) {
    for (int64_t first = 0; first < rows; first += CODE_ROWS) {
        int64_t size = rows - first < CODE_ROWS ? rows - first : CODE_ROWS;
        for (int64_t query = 0; query < query_count; query++) {
            const int16_t *wanted = queries + query * width;
            float upper[CODE_ROWS], error[CODE_ROWS], *heap = heaps + query * k;
            int32_t zero = 0;
            for (int64_t column = 0; column < width; column++) zero += wanted[column];
            zero *= 128;
            for (int64_t row = 0; row < size; row++) {
                const uint8_t *code = codes + (first + row) * width;
                for (int64_t byte = 0; byte < width; byte += 64) __builtin_prefetch(code + CODE_AHEAD + byte);
                upper[row] = (float)(code_product(code, wanted, width) - zero);
            }
            for (int64_t row = 0; row < size; row++) upper[row] *= units[query] * scales[first + row];
            for (int64_t other = 0; other < other_count; other++) {
                float factor = other_queries[query * other_count + other];
                const float *values = others + other * rows + first;
                for (int64_t row = 0; row < size; row++) upper[row] += factor * values[row];
            }
            for (int64_t row = 0; row < size; row++) {
                error[row] = norms[query] * errors[first + row];
                upper[row] += error[row];
            }
            for (int64_t start = 0; start < size; start += CODE_GROUP) {
                int64_t end = size - start < CODE_GROUP ? size : start + CODE_GROUP;
                float bound = heap[0] - slacks[query];
                int near = 0;
                for (int64_t row = start; row < end; row++) near |= upper[row] >= bound;
                for (int64_t row = start; near && row < end; row++) {
                    if (!(upper[row] >= heap[0] - slacks[query])) continue;
                    if (clips && (clips[first + row] < 0 || (allowed && !allowed[clips[first + row]]))) continue;
                    float lower = upper[row] - 2 * error[row];
                    if (lower > heap[0]) replace_smallest(heap, k, lower);
                    if (counts[query] >= capacity) continue;
                    found[query * capacity + counts[query]] = (int32_t)(first + row);
                    bounds[query * capacity + counts[query]++] = upper[row];
                    if (counts[query] == capacity) { /* forget those that are too far by now */
                        int64_t kept = 0;
                        for (int64_t index = query * capacity; index < (query + 1) * capacity; index++) {
                            if (bounds[index] < heap[0] - slacks[query]) continue;
                            found[query * capacity + kept] = found[index];
                            bounds[query * capacity + kept++] = bounds[index];
                        }
                        counts[query] = kept;
                    }
                }
            }
        }
    }
}
