/* disk: files that are written whole or not at all, and why one could not be written or read. All functions are local.
 *
 * A full disk or quota is the status FULL, since it may pass (run/disk_full.h); all else is FAILED. Texts end with what to do
 * about the reason. */
#ifndef MCKEAN_IO_DURABLE_FILE_H
#define MCKEAN_IO_DURABLE_FILE_H

#include <stdbool.h>
#include <stdint.h>

/* FULL or FAILED, by the system's error number: "TEXT: REASON; what to do". */
int durable_file_fail(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Of a file that was to be read. FAILED: it is not there, or the disk fails; any other reason may pass, or lies with the
 * reader, and says nothing of the file: UNREAD. "TEXT: REASON". */
int durable_file_unread(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* FULL, of the last failure's text: "FOLDER: no room for WHAT: so much is needed, so much is free there. TEXT". */
int durable_file_fail_full(const char *folder, const char *what, int64_t bytes);

/* Claims the blocks of the first bytes of an open file, so that a full disk is met here; *claimed false if the file
 * system cannot. */
int durable_file_reserve(int file, const char *path, int64_t bytes, bool *claimed);

/* A new file with the bytes of another. */
int durable_file_copy(const char *from, const char *to);

/* Makes a file, or the names in a folder, lasting. */
int durable_file_sync(const char *path);

/* Room for any path that the system takes (4096 bytes), and for what is added to it. */
enum { PATH_BYTES = 4800 };

/* Where a file of this name is written before it gets it: folder/.name.tmp-HOST-PROCESS, cut where it does not fit. Two
 * processes never share one, so a run that slept and was superseded cannot spoil its successor's. */
void durable_file_temporary(const char *folder, const char *name, char path[PATH_BYTES]);

/* Whether all that was printed has arrived: a result that has not, on a full disk, is no result. */
int durable_file_stdout_written(void);

/* Removes a file that could not be finished and gives back its blocks, even if something still holds it open. */
void durable_file_drop(const char *path);

#endif
