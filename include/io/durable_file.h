/* durable_file: files that are written completely or not at all, and the reasons why a write or a read failed.
 *
 * A full disk or quota has the status FULL, because it may be temporary (run/disk_full.h); all other errors are FAILED
 * unless stated otherwise. Messages end with what to do about the reason. All functions are local. */
#ifndef MCKEAN_IO_DURABLE_FILE_H
#define MCKEAN_IO_DURABLE_FILE_H

#include <stdbool.h>
#include <stdint.h>

/* Space for any path that the system accepts (4096 bytes), and for what durable_file_temporary adds to it. */
enum { PATH_BYTES = 4800 };

/* ---- failures: each records its message and returns its status ---- */

/* A failed write or other operation with this errno: FULL or FAILED. "TEXT: REASON; what to do". */
int durable_file_fail(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A failed read with this errno. FAILED: the file does not exist, or the disk reports an error. UNREAD: any other
 * reason, transient or missing permission; the state of the file is unknown. "TEXT: REASON". */
int durable_file_fail_read(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* FULL. Extends the text of the last failure: "FOLDER: no room for WHAT: bytes needed, bytes free there. TEXT". */
int durable_file_fail_full(const char *folder, const char *what, int64_t bytes);

/* ---- open files; path is for messages ---- */

/* Writes or reads all bytes at an offset. A file that ends before the last byte to read is FAILED. Other failures are
 * those of durable_file_fail and durable_file_fail_read. Counts as progress for the watchdog. */
int durable_file_pwrite(int file, const char *path, int64_t offset, const void *data, int64_t bytes);
int durable_file_pread(int file, const char *path, int64_t offset, void *data, int64_t bytes);

/* Extends *crc, a CRC-32C, by the bytes of the file from offset `begin` up to `end`. Cost: reads them once. */
int durable_file_crc(int file, const char *path, int64_t begin, int64_t end, uint32_t *crc);

/* Allocates the blocks of the first bytes of a file, so that a full disk is detected now. *reserved is false if the
 * file system does not support it. */
int durable_file_reserve(int file, const char *path, int64_t bytes, bool *reserved);

/* ---- paths ---- */

/* Copies a file to a new one, or replaces the contents of an old one. */
int durable_file_copy(const char *from, const char *to);

/* Makes the contents of a file, or the names in a folder, durable (fsync). */
int durable_file_sync(const char *path);

/* path = folder/.name.tmp-HOST-PROCESS, truncated to PATH_BYTES: the name of a file until it is complete. Processes
 * never share one, so a run that was suspended and superseded cannot damage a file of its successor. */
void durable_file_temporary(const char *folder, const char *name, char path[PATH_BYTES]);

/* Removes an unfinished file and frees its blocks, even if a process still has it open. */
void durable_file_discard(const char *path);

/* Flushes standard output. FAILED: some output was not written, for example to a full disk, so the result is
 * incomplete. */
int durable_file_check_stdout(void);

#endif
