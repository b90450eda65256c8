#include "io/sandbox.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

enum { SECONDS = 3600 }; /* limit of processor time, in case try() never returns */

/* Restores the default action of fatal signals. A handler installed by MPI would print an error; the parent reports the
 * crash anyway. */
static _Noreturn void run_child(int (*try)(void *context), void *context) {
  const int deadly[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP};
  for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++) signal(deadly[i], SIG_DFL);
  setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
  setrlimit(RLIMIT_CPU, &(struct rlimit){SECONDS, SECONDS + 60}); /* SIGXCPU first, SIGKILL a minute later */
  (void)!freopen("/dev/null", "w", stderr);                       /* malloc prints before it aborts */
  (void)try(context);
  _exit(0);
}

int sandbox_run(const char *path, int (*try)(void *context), void *context) {
  fflush(NULL);
  const pid_t child = fork();
  if (child < 0) return OK;
  if (child == 0) run_child(try, context);
  int how;
  pid_t found;
  while ((found = waitpid(child, &how, 0)) < 0 && errno == EINTR) continue;
  if (found != child || (WIFEXITED(how) && WEXITSTATUS(how) == 0)) return OK;
  if (WIFSIGNALED(how) && WTERMSIG(how) == SIGXCPU)
    return FAIL(FAILED, "%s: damaged: the HDF5 library did not finish reading the file; create the file again", path);
  if (WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL)
    return FAIL(
        FAILED,
        "%s: the process that read the file was killed (SIGKILL), perhaps because memory was exhausted; run the "
        "same command again",
        path);
  return FAIL(FAILED, "%s: damaged: the HDF5 library crashes when it reads the file (%s); create the file again", path,
              WIFSIGNALED(how) ? strsignal(WTERMSIG(how)) : "exit");
}
