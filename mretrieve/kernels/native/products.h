/* Inner products of single rows in double precision. */

#define PRODUCT_LANES 8
#define PRODUCTS_AHEAD 8 /* rows lie anywhere: so many are fetched early */

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

#define PRODUCT_ROWS 4 /* at once: sums of one row wait for each other */

typedef double product_sums __attribute__((vector_size(8 * PRODUCT_LANES), aligned(8), may_alias));
typedef float product_row __attribute__((vector_size(4 * PRODUCT_LANES), aligned(4), may_alias));

/* As inner_product, of PRODUCT_ROWS rows. */
INLINE void inner_products_of(const float *const *rows, const double *restrict query, int64_t width,
                              double *restrict products) {
    product_sums sums[PRODUCT_ROWS] = {0};
    int64_t column = 0;
    for (; column + PRODUCT_LANES <= width; column += PRODUCT_LANES)
        for (int64_t row = 0; row < PRODUCT_ROWS; row++)
            sums[row] += __builtin_convertvector(*(const product_row *)(rows[row] + column), product_sums) *
                         *(const product_sums *)(query + column);
    for (int64_t row = 0; row < PRODUCT_ROWS; row++) {
        for (int64_t lane = 0; column + lane < width; lane++)
            sums[row][lane] += rows[row][column + lane] * query[column + lane];
        products[row] = ((sums[row][0] + sums[row][1]) + (sums[row][2] + sums[row][3])) +
                        ((sums[row][4] + sums[row][5]) + (sums[row][6] + sums[row][7]));
    }
}

typedef struct {
    float product;
    int64_t row;
} ranked_row;

INLINE int is_better(ranked_row one, ranked_row other) {
    return one.product > other.product || (one.product == other.product && one.row < other.row);
}

/* Put a row in its place below the first of a heap, whose first is the worst. */
INLINE void sink(ranked_row *heap, int64_t size, ranked_row row) {
    int64_t place = 0;
    for (int64_t child = 1; child < size; child = 2 * place + 1) {
        child += child + 1 < size && is_better(heap[child], heap[child + 1]);
        if (!is_better(row, heap[child])) break;
        heap[place] = heap[child];
        place = child;
    }
    heap[place] = row;
}

typedef struct {
    const uintptr_t *arrays, *chosen;
    const int64_t *starts;
    int64_t count, width;
} row_blocks;

INLINE const float *vector_at(row_blocks blocks, int64_t position) {
    int64_t low = 0, high = blocks.count;
    while (high - low > 1) {
        int64_t middle = (low + high) / 2;
        if (blocks.starts[middle] <= position)
            low = middle;
        else
            high = middle;
    }
    const int64_t *chosen = (const int64_t *)blocks.chosen[low];
    int64_t row = position - blocks.starts[low];
    return (const float *)blocks.arrays[low] + (chosen ? chosen[row] : row) * blocks.width;
}

/* See the jit module's function of this name; `heap` has room for k rows, `vectors` for a shortlist. */
CLONES int rank_shortlists(const uintptr_t *arrays, const uintptr_t *chosen, const int64_t *starts, int64_t count,
                           const int64_t *restrict rows, const int64_t *restrict shortlists, int64_t query_count,
                           int64_t length, const float *restrict queries, int64_t width, int64_t k,
                           float *restrict products, int64_t *restrict found) {
    row_blocks blocks = {arrays, chosen, starts, count, width};
    ranked_row *heap = malloc(k * sizeof(ranked_row));
    const float **vectors = malloc(length * sizeof(float *));
    double *wide = malloc(width * sizeof(double));
    int failed = !heap || !vectors || !wide, finite = 1;
    for (int64_t query = 0; !failed && query < query_count; query++) {
        const int64_t *shortlist = shortlists + query * length;
        int64_t size = 0, kept = 0;
        for (int64_t column = 0; column < width; column++) wide[column] = queries[query * width + column];
        while (size < length && shortlist[size] >= 0) {
            vectors[size] = vector_at(blocks, shortlist[size]);
            __builtin_prefetch(rows + shortlist[size]);
            size++;
        }
        double sums[PRODUCT_ROWS];
        for (int64_t place = 0; place < size; place++) {
            if (place + PRODUCTS_AHEAD < size)
                for (int64_t column = 0; column < width; column += 16)
                    __builtin_prefetch(vectors[place + PRODUCTS_AHEAD] + column, 0, 2);
            int64_t at = place % PRODUCT_ROWS;
            if (!at && place + PRODUCT_ROWS <= size) inner_products_of(vectors + place, wide, width, sums);
            if (place - at + PRODUCT_ROWS > size) sums[at] = inner_product(vectors[place], wide, width);
            double sum = 0.0 + sums[at];
            ranked_row row = {(float)sum, rows[shortlist[place]]};
            finite &= isfinite(sum) != 0;
            if (kept < k) { /* the heap grows from its end */
                int64_t hole = kept++;
                for (; hole && is_better(heap[(hole - 1) / 2], row); hole = (hole - 1) / 2)
                    heap[hole] = heap[(hole - 1) / 2];
                heap[hole] = row;
            } else if (is_better(row, heap[0]))
                sink(heap, k, row);
        }
        for (int64_t place = kept - 1; place >= 0; place--) {
            products[query * k + place] = heap[0].product;
            found[query * k + place] = heap[0].row;
            sink(heap, place, heap[place]);
        }
    }
    free(heap);
    free(vectors);
    free(wide);
    return failed ? -1 : finite;
}
