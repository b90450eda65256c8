/* alloc: memory, checked. All functions are local. */
#ifndef MCKEAN_BASE_ALLOC_H
#define MCKEAN_BASE_ALLOC_H

#include <stddef.h>
#include <stdint.h>

/* malloc for small, bounded sizes. Calls die if there is no memory. */
void *alloc_small(size_t bytes);

/* *array = a new array of count items of `size` bytes, not initialised, aligned to at least 64 bytes (large arrays to
 * huge pages); free() releases it. For sizes that depend on the input. FAILED, with *array NULL: no memory; the message
 * names `what` the array was to hold. */
int alloc_array(void **array, int64_t count, size_t size, const char *what);

#endif
