/* memory: what this process holds. */
#ifndef MCKEAN_BASE_MEMORY_H
#define MCKEAN_BASE_MEMORY_H

/* Local. The most bytes that were ever resident (VmHWM), libraries included; 0: not known here. */
double memory_peak(void);

#endif
