/* Inner products in single precision with all rows of some blocks, as fast as they are read. */

#define SCAN_SUMS 4     /* vectors of sums at once, which need not wait for each other */
#define SCAN_AHEAD 4096 /* bytes that are fetched early: rows of a choice lie apart */

typedef float scanned __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float)), may_alias));

INLINE float rough_product(const float *restrict row, const float *restrict query, int64_t width) {
    scanned sums[SCAN_SUMS] = {0};
    float rest = 0;
    int64_t column = 0;
    for (; column + SCAN_SUMS * LANES <= width; column += SCAN_SUMS * LANES)
        for (int64_t sum = 0; sum < SCAN_SUMS; sum++)
            sums[sum] += *(const scanned *)(row + column + sum * LANES) * *(const scanned *)(query + column + sum * LANES);
    for (; column + LANES <= width; column += LANES)
        sums[0] += *(const scanned *)(row + column) * *(const scanned *)(query + column);
    for (; column < width; column++) rest += row[column] * query[column];
    scanned all = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    for (int64_t lane = 0; lane < LANES; lane++) rest += all[lane];
    return rest;
}

/* See the jit module's function of this name. */
CLONES void rough_products(const uintptr_t *restrict arrays, const uintptr_t *restrict chosen,
                           const int64_t *restrict starts, int64_t count, const float *restrict queries,
                           int64_t query_count, int64_t width, float *restrict products) {
    int64_t ahead = 1 + SCAN_AHEAD / (width * (int64_t)sizeof(float));
    for (int64_t block = 0; block < count; block++) {
        const int64_t *places = (const int64_t *)chosen[block];
        int64_t size = starts[block + 1] - starts[block];
        for (int64_t row = 0; row < size; row++) {
            const float *vector = (const float *)arrays[block] + (places ? places[row] : row) * width;
            if (row + ahead < size) {
                int64_t next = places ? places[row + ahead] : row + ahead;
                const float *later = (const float *)arrays[block] + next * width;
                for (int64_t column = 0; column < width; column += 16) __builtin_prefetch(later + column);
            }
            for (int64_t query = 0; query < query_count; query++)
                products[query * starts[count] + starts[block] + row] +=
                    rough_product(vector, queries + query * width, width);
        }
    }
}
