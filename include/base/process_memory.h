/* process_memory: the memory use of this process and the memory of this machine. All functions are local. */
#ifndef MCKEAN_BASE_PROCESS_MEMORY_H
#define MCKEAN_BASE_PROCESS_MEMORY_H

/* Returns the peak resident set size in bytes (VmHWM), libraries included; 0 if unknown. */
double process_memory_peak(void);

/* Returns the bytes of physical memory installed in this machine; 0 if unknown. */
double process_memory_installed(void);

#endif
