/* Runs a command and says what it took: measure REPORT LIMIT_SECONDS COMMAND [ARGUMENT...]
 *
 * Writes CPU seconds, wall seconds and peak memory in KiB to the file REPORT; exits as the command did. A
 * program so small is needed because a process's peak memory starts with that of the one that starts it:
 * measured from Python, nothing takes less than Python does.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pid_t child;

static void end_child(int signal) {
  (void)signal;
  kill(child, SIGKILL);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

static double seconds(struct timeval time) { return time.tv_sec + time.tv_usec / 1e6; }

int main(int argc, char **argv) {
  if (argc < 4) {
    fprintf(stderr, "usage: measure REPORT LIMIT_SECONDS COMMAND [ARGUMENT...]\n");
    return 64;
  }
  double started = now();
  child = fork();
  if (child == 0) {
    execvp(argv[3], argv + 3);
    perror(argv[3]);
    _exit(127);
  }
  signal(SIGALRM, end_child);
  alarm(atoi(argv[2]));
  int status;
  struct rusage usage;
  if (child < 0 || wait4(child, &status, 0, &usage) != child) {
    perror("measure");
    return 1;
  }
  double wall = now() - started;
  FILE *report = fopen(argv[1], "w");
  if (!report || fprintf(report, "%.6f %.6f %ld\n", seconds(usage.ru_utime) + seconds(usage.ru_stime), wall,
                         usage.ru_maxrss) < 0 || fclose(report) != 0) {
    perror(argv[1]);
    return 1;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
