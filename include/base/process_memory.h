/* memory: what this process holds, and what there is. */
#ifndef MCKEAN_BASE_PROCESS_MEMORY_H
#define MCKEAN_BASE_PROCESS_MEMORY_H

/* Local. The most bytes that were ever resident (VmHWM), libraries included; 0: not known here. */
double process_memory_peak(void);

/* Local. Bytes of memory of this machine; 0: not known. */
double process_memory_of_machine(void);

#endif
