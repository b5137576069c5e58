/* What the compiled kernels share. */

#if !defined(__GNUC__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the kernels need vector types, as GCC and Clang have them, and a little-endian machine; numba's take their place"
#endif

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* Raised with every change of a function's arguments: a library of another version is not called. */
int32_t kernel_version(void);
int32_t kernel_version(void) { return 13; }

#define INLINE static inline __attribute__((always_inline))

/* One library for every x86-64: the loader picks the version of a function that suits the processor. */
#if defined(__x86_64__) && defined(__GLIBC__)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif

/* GCC finds the vectors in a loop over lanes only if it does not write the loop out first. */
#define NO_UNROLLING _Pragma("GCC unroll 1")
