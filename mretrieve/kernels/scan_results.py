"""Results of a scan of numbers, and its limits."""

#: What a scan ends with.
DONE, NEEDS_FLOAT, TOO_MANY, DIFFERS = range(4)

#: No coordinate in any unit and no angle is larger; a number beyond it is damage, and float32 would hide it.
LARGEST_VALUE = 1e9

#: White bytes that must follow the last byte to be scanned, because up to sixteen are read at once, and eight behind.
PADDING = 32
