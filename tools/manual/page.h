/* page: prints the man page on stdout, in the man macros of troff. */
#ifndef MCKEAN_TOOLS_MANUAL_PAGE_H
#define MCKEAN_TOOLS_MANUAL_PAGE_H

void page_print(const char *version);

#endif
