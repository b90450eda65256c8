/* cache_size: the cache available to a processor. Local. */
#ifndef MCKEAN_BASE_CACHE_SIZE_H
#define MCKEAN_BASE_CACHE_SIZE_H

/* Returns the bytes of cache available to one logical processor: the maximum over the cache levels of the cache size
 * divided by the number of logical processors that share the cache. Reads the caches of processor 0. Returns 2^20 if
 * the operating system does not report the caches. */
double cache_size_share(void);

#endif
