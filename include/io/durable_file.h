/* durable_file: operations for files that are written completely or not at all, and messages for failed writes and
 * reads.
 *
 * If the disk or the quota is full, functions return FULL, because this may be temporary (run/disk_full.h). All other
 * errors are FAILED unless stated otherwise. Messages about writes end with a remedy if one is known. All functions are
 * local. */
#ifndef MCKEAN_IO_DURABLE_FILE_H
#define MCKEAN_IO_DURABLE_FILE_H

#include <stdbool.h>
#include <stdint.h>

/* Space for any path that the system accepts (4096 bytes), and for what durable_file_temporary adds to the path. */
enum { PATH_BYTES = 4800 };

/* ---- failures: each function records a message (base/error.h) and returns a status ---- */

/* Reports a failed write or other operation. error: its errno; format, ...: printf arguments of TEXT. FULL: the disk or
 * the quota is full. FAILED: any other reason. Message: "TEXT: REASON; REMEDY", or "TEXT: REASON" without a remedy. */
int durable_file_fail(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Reports a failed read; arguments: as above. FAILED: the path does not lead to a file, or the disk reports an error.
 * UNREAD: any other reason, such as a missing permission or a transient error; the state of the file is unknown.
 * Message: "TEXT: REASON". */
int durable_file_fail_read(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Returns FULL. Prepends to the last failure message that `folder` has no space for `what`, the size needed (`bytes`),
 * and the free space on its disk. */
int durable_file_fail_full(const char *folder, const char *what, int64_t bytes);

/* ---- open files; file: a file descriptor, path: its path, for messages ---- */

/* Writes or reads `bytes` bytes at an offset. FAILED: the file ends before the last byte to read. Other failures are
 * those of durable_file_fail and durable_file_fail_read. Each system call counts as a heartbeat
 * (parallel/heartbeat.h). */
int durable_file_pwrite(int file, const char *path, int64_t offset, const void *data, int64_t bytes);
int durable_file_pread(int file, const char *path, int64_t offset, void *data, int64_t bytes);

/* Extends *crc, a CRC-32C, by the bytes begin .. end-1 of the file. Failures: as for durable_file_pread. Cost: one read
 * of these bytes. */
int durable_file_crc(int file, const char *path, int64_t begin, int64_t end, uint32_t *crc);

/* Allocates the disk blocks of the first `bytes` bytes of a file, and extends a shorter file. Thus a full disk is
 * detected before the file is written (FULL). If the file system does not support this, *reserved = false and the
 * status is OK. */
int durable_file_reserve(int file, const char *path, int64_t bytes, bool *reserved);

/* ---- paths ---- */

/* Copies the contents of the file `from` to the file `to`, which is created or overwritten. */
int durable_file_copy(const char *from, const char *to);

/* Makes the contents of a file, or the names in a folder, durable, by fsync. */
int durable_file_sync(const char *path);

/* path = folder/.name.tmp-HOST-PROCESS, truncated to PATH_BYTES: the name of a file until it is complete. No two
 * processes use the same name, so a run that was suspended and superseded cannot damage a file of its successor. */
void durable_file_temporary(const char *folder, const char *name, char path[PATH_BYTES]);

/* Renames a damaged file to the first unused name of "<path>.damaged", "<path>.damaged-2", ... */
int durable_file_set_aside(const char *path);

/* Removes an unfinished file. Truncates it first, which frees its blocks even if a process still has it open. */
void durable_file_discard(const char *path);

/* Flushes standard output. FAILED: some output was not written, for example to a full disk, so the result is
 * incomplete. */
int durable_file_check_stdout(void);

#endif
