/* Included first when clang builds the fuzz targets: clang before version 16 does not know the names of the x86-64
 * levels, and the targets do not compute. */
#define __builtin_cpu_supports(level) 0
