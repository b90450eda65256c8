#include "base/slab.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/status.h"

enum { BUFFER = 4 << 20, PIECE = 1 << 30 };

struct slab {
  const char *path;
  int file;      /* posix */
  MPI_File mpi;  /* mpiio */
  bool counting; /* writes are only counted */
  int64_t writes;
  int64_t offset, used; /* the buffer's bytes belong here */
  char *buffer;
  int status;
};

int slab_pwrite(int file, const char *path, int64_t offset, const void *data, int64_t bytes) {
  for (int64_t done = 0; done < bytes;) {
    const int64_t left = bytes - done;
    const ssize_t part = pwrite(file, (const char *)data + done, (size_t)(left < PIECE ? left : PIECE), offset + done);
    if (part < 0 && errno == EINTR) continue;
    if (part <= 0)
      return FAIL(FAILED, "%s: cannot write %lld bytes at %lld: %s", path, (long long)left, (long long)(offset + done),
                  part < 0 ? strerror(errno) : "nothing was taken");
    done += part;
  }
  return OK;
}

int slab_pread(int file, const char *path, int64_t offset, void *data, int64_t bytes) {
  for (int64_t done = 0; done < bytes;) {
    const int64_t left = bytes - done;
    const ssize_t part = pread(file, (char *)data + done, (size_t)(left < PIECE ? left : PIECE), offset + done);
    if (part < 0 && errno == EINTR) continue;
    if (part <= 0)
      return FAIL(FAILED, "%s: cannot read %lld bytes at %lld: %s", path, (long long)left, (long long)(offset + done),
                  part < 0 ? strerror(errno) : "the file ends there");
    done += part;
  }
  return OK;
}

static int write_collective(struct slab *slab, int64_t offset, const void *data, int64_t bytes) {
  MPI_Status status;
  int written = 0;
  const int code = MPI_File_write_at_all(slab->mpi, offset, data, (int)bytes, MPI_BYTE, &status);
  if (code == MPI_SUCCESS) MPI_Get_count(&status, MPI_BYTE, &written);
  if (code == MPI_SUCCESS && written == bytes) return OK;
  return FAIL(FAILED, "%s: MPI-IO wrote %d of %lld bytes at %lld", slab->path, written, (long long)bytes,
              (long long)offset);
}

/* A rank that failed goes on taking part in collective writes. */
static void flush(struct slab *slab) {
  if (slab->used == 0) return;
  slab->writes++;
  if (!slab->counting) {
    int status = OK;
    if (slab->mpi != MPI_FILE_NULL)
      status = write_collective(slab, slab->offset, slab->buffer, slab->used);
    else if (slab->status == OK)
      status = slab_pwrite(slab->file, slab->path, slab->offset, slab->buffer, slab->used);
    /* The disk begins while the rest is still being gathered; a hint, whose failure means nothing. */
    if (slab->mpi == MPI_FILE_NULL && status == OK)
      (void)sync_file_range(slab->file, slab->offset, slab->used, SYNC_FILE_RANGE_WRITE);
    if (slab->status == OK) slab->status = status;
  }
  slab->offset += slab->used;
  slab->used = 0;
}

void slab_put(struct slab *slab, int64_t offset, const void *data, int64_t bytes) {
  while (bytes > 0) {
    if (slab->used > 0 && (slab->used == BUFFER || offset != slab->offset + slab->used)) flush(slab);
    if (slab->used == 0) slab->offset = offset;
    const int64_t room = BUFFER - slab->used, part = bytes < room ? bytes : room;
    if (!slab->counting) memcpy(slab->buffer + slab->used, data, (size_t)part);
    slab->used += part;
    offset += part;
    data = (const char *)data + part;
    bytes -= part;
  }
}

static int write_posix(struct slab *slab, const struct slab_job *job) {
  slab->file = open(slab->path, O_RDWR | O_CLOEXEC);
  if (slab->file < 0) return FAIL(FAILED, "%s: cannot open it to write: %s", slab->path, strerror(errno));
  job->fill(slab, job->context);
  flush(slab);
  if (slab->status == OK) slab->status = job->check(slab->file, job->context); /* while the bytes travel to the disk */
  if (slab->status == OK && fsync(slab->file) != 0)
    slab->status = FAIL(FAILED, "%s: cannot make it lasting: %s", slab->path, strerror(errno));
  if (close(slab->file) != 0 && slab->status == OK)
    slab->status = FAIL(FAILED, "%s: cannot close it: %s", slab->path, strerror(errno));
  return slab->status;
}

/* Collective writes come in equal numbers on all ranks: those with fewer add empty ones. */
static int write_mpiio(const struct comm *comm, struct slab *slab, const struct slab_job *job) {
  slab->counting = true;
  job->fill(slab, job->context);
  flush(slab);
  const int64_t rounds = (int64_t)comm_max(comm, (double)slab->writes);
  slab->counting = false;
  slab->writes = 0;
  int status = OK;
  if (MPI_File_open(comm->mpi, slab->path, MPI_MODE_WRONLY, MPI_INFO_NULL, &slab->mpi) != MPI_SUCCESS) {
    slab->mpi = MPI_FILE_NULL;
    status = FAIL(FAILED, "%s: MPI-IO cannot open it to write", slab->path);
  }
  TRY(comm_agree(comm, status));
  job->fill(slab, job->context);
  flush(slab);
  for (int64_t i = slab->writes; i < rounds; i++) {
    status = write_collective(slab, 0, slab->buffer, 0);
    if (slab->status == OK) slab->status = status;
  }
  if (MPI_File_sync(slab->mpi) != MPI_SUCCESS && slab->status == OK)
    slab->status = FAIL(FAILED, "%s: MPI-IO cannot make it lasting", slab->path);
  if (MPI_File_close(&slab->mpi) != MPI_SUCCESS && slab->status == OK)
    slab->status = FAIL(FAILED, "%s: MPI-IO cannot close it", slab->path);
  TRY(comm_agree(comm, slab->status));
  const int file = open(slab->path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return FAIL(FAILED, "%s: cannot read it back: %s", slab->path, strerror(errno));
  status = job->check(file, job->context);
  close(file);
  return status;
}

int slab_write(const struct comm *comm, const char *path, enum slab_io io, const struct slab_job *job) {
  struct slab slab = {.path = path, .file = -1, .mpi = MPI_FILE_NULL, .buffer = status_malloc(BUFFER)};
  const int status = io == SLAB_MPIIO ? write_mpiio(comm, &slab, job) : write_posix(&slab, job);
  free(slab.buffer);
  return comm_agree(comm, status);
}
