/* Inner products of single rows in double precision. */

#define PRODUCT_LANES 8
#define PRODUCTS_AHEAD 4 /* rows lie anywhere: so many are fetched early */

INLINE double inner_product(const float *restrict row, const double *restrict query, int64_t width) {
    double sums[PRODUCT_LANES] = {0};
    int64_t column = 0;
    for (; column + PRODUCT_LANES <= width; column += PRODUCT_LANES)
        for (int64_t lane = 0; lane < PRODUCT_LANES; lane++) sums[lane] += row[column + lane] * query[column + lane];
    for (int64_t lane = 0; column + lane < width; lane++) sums[lane] += row[column + lane] * query[column + lane];
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

/* See the jit module's function of this name. */
CLONES void inner_products(const uintptr_t *restrict arrays, const int64_t *restrict numbers, const int64_t *restrict rows,
                           const int64_t *restrict asked, int64_t count, const double *restrict queries, int64_t width,
                           double *restrict sums) {
    for (int64_t pair = 0; pair < count; pair++) {
        if (pair + PRODUCTS_AHEAD < count) {
            int64_t later = pair + PRODUCTS_AHEAD, size = width * (int64_t)sizeof(float);
            const char *next = (const char *)arrays[numbers[later]] + rows[later] * size;
            for (int64_t byte = 0; byte < size; byte += 64) __builtin_prefetch(next + byte, 0, 2);
        }
        const float *row = (const float *)arrays[numbers[pair]] + rows[pair] * width;
        sums[pair] += inner_product(row, queries + asked[pair] * width, width);
    }
}
