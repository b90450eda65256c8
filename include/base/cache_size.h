/* cache_size: the size of the processor's caches. Local. */
#ifndef MCKEAN_BASE_CACHE_SIZE_H
#define MCKEAN_BASE_CACHE_SIZE_H

/* Returns the bytes of cache available to one processor: its L2 cache, or its share of a larger cache that several
 * processors use. 1 MB if the operating system does not report the caches. */
double cache_size_share(void);

#endif
