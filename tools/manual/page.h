/* page: the man page on stdout, in troff's man macros. */
#ifndef MCKEAN_TOOLS_MANUAL_PAGE_H
#define MCKEAN_TOOLS_MANUAL_PAGE_H

void page_print(const char *version);

#endif
