/* alloc: memory allocation that reports every failure. All functions are local. */
#ifndef MCKEAN_BASE_ALLOC_H
#define MCKEAN_BASE_ALLOC_H

#include <stddef.h>
#include <stdint.h>

/* malloc for small, bounded sizes. The caller releases it with free(). Calls die() if no memory is available. */
void *alloc_small(size_t bytes);

/* Allocates an array whose size depends on the input: *array = count items of `size` bytes, not initialized, aligned to
 * at least 64 bytes (large arrays: to huge pages). The caller releases it with free(). what: the name of the content,
 * for the message. FAILED: no memory is available, or the size is too large; *array is then NULL. */
int alloc_array(void **array, int64_t count, size_t size, const char *what);

/* The same for an array that each rank needs as a whole: the message states that more ranks cannot help. */
int alloc_copy(void **array, int64_t count, size_t size, const char *what);

#endif
