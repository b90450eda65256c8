/* alloc: memory allocation that never returns NULL unnoticed. All functions are local. */
#ifndef MCKEAN_BASE_ALLOC_H
#define MCKEAN_BASE_ALLOC_H

#include <stddef.h>
#include <stdint.h>

/* malloc for small, bounded sizes. Calls die if there is no memory. */
void *alloc_small(size_t bytes);

/* Allocates an array whose size depends on the input: *array = count items of `size` bytes, not initialized, aligned to
 * at least 64 bytes (large arrays: to huge pages). The caller releases it with free(). FAILED: no memory; *array is
 * NULL, and the message names `what` the array would have held. */
int alloc_array(void **array, int64_t count, size_t size, const char *what);

#endif
