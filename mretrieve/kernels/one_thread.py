"""The environment of a process that computes on one thread, because others have the other cores."""

#: Sums taken on several threads differ in their last bits.
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
