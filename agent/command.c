/* Starting a command: fork, the root of process 1, three pipes, /bin/sh -c. */
#include "command.h"

/* Descriptors that the child moves its pipes to before they become 0, 1 and 2, so that none is overwritten. */
enum { ABOVE_STANDARD = 3 };

/* How the child says that it could not become a shell. Nothing comes when it could: the pipe closes on exec. */
struct failure {
  int error;
  const char *what;
};

static void close_pair(int pair[2]) {
  for (int end = 0; end < 2; end++)
    if (pair[end] >= 0) close(pair[end]);
}

/* The child's way to the shell. Returns only when a step fails. */
static struct failure become_shell(const char *text, int proc, int in, int out, int err) {
  static const char *const environment[] = {
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/", "TERM=dumb", NULL};
  const char *const arguments[] = {"/bin/sh", "-c", text, NULL};
  const struct sigaction by_default = {.handler = SIG_DFL};
  const struct sigset none = {{0}};
  int error, root;
  setsid();
  sigaction(SIGPIPE, &by_default);
  sigprocmask(SIG_SETMASK, &none);
  if ((root = openat(proc, "1/root", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
    return (struct failure){root, "opening /proc/1/root"};
  if ((error = fchdir(root)) < 0 || (error = chroot(".")) < 0 || (error = chdir("/")) < 0)
    return (struct failure){error, "changing to the root of process 1"};
  if ((error = dup2(in, 0)) < 0 || (error = dup2(out, 1)) < 0 || (error = dup2(err, 2)) < 0)
    return (struct failure){error, "dup2"};
  error = execve("/bin/sh", (char *const *)arguments, (char *const *)environment);
  return (struct failure){error, "executing /bin/sh"};
}

__attribute__((noreturn)) static void child(const char *text, int proc, int in, int out, int err, int report) {
  int moved[4] = {in, out, err, report};
  struct failure failure = {0, "fcntl"};
  for (int i = 0; i < 4; i++) {
    int fd = fcntl(moved[i], F_DUPFD_CLOEXEC, ABOVE_STANDARD);
    if (fd < 0) failure.error = fd;
    else moved[i] = fd;
  }
  int kept_proc = fcntl(proc, F_DUPFD_CLOEXEC, ABOVE_STANDARD);
  if (kept_proc < 0) failure.error = kept_proc;
  if (failure.error == 0) failure = become_shell(text, kept_proc, moved[0], moved[1], moved[2]);
  write(moved[3], &failure, sizeof failure);
  exit(127);
}

int command_start(struct command *command, const char *text, const struct kept *kept, const char **failed) {
  /* Standard input, output and error, and the child's report. */
  int pipes[4][2] = {{-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}};
  struct failure failure = {0, "pipe2"};
  for (int i = 0; i < 4 && failure.error == 0; i++) failure.error = pipe2(pipes[i], O_CLOEXEC);
  int pid = -1;
  if (failure.error == 0) {
    pid = fork();
    if (pid == 0) child(text, kept->proc, pipes[0][0], pipes[1][1], pipes[2][1], pipes[3][1]);
    if (pid < 0) failure = (struct failure){pid, "fork"};
  }
  if (pid > 0) {
    close(pipes[3][1]);
    pipes[3][1] = -1;
    long got;
    while ((got = read(pipes[3][0], &failure, sizeof failure)) == -EINTR) continue;
    if (got > 0) wait4(pid, NULL, 0);
  }
  if (failure.error < 0) {
    for (int i = 0; i < 4; i++) close_pair(pipes[i]);
    *failed = failure.what;
    return failure.error;
  }
  close(pipes[0][0]);
  close(pipes[1][1]);
  close(pipes[2][1]);
  close(pipes[3][0]);
  command->pid = pid;
  command->in = pipes[0][1];
  command->out = pipes[1][0];
  command->err = pipes[2][0];
  fcntl(command->in, F_SETFL, O_NONBLOCK);
  fcntl(command->out, F_SETFL, O_NONBLOCK);
  fcntl(command->err, F_SETFL, O_NONBLOCK);
  return 0;
}

void command_feed(struct command *command) {
  while (command->in >= 0 && command->input_left > 0) {
    long taken = write(command->in, command->input, command->input_left);
    if (taken == -EAGAIN) return;
    if (taken < 0) break;
    command->input += taken;
    command->input_left -= taken;
  }
  if (command->in >= 0) close(command->in);
  command->in = -1;
}

void command_forget(struct command *command) {
  int open[] = {command->in, command->out, command->err};
  for (int i = 0; i < 3; i++)
    if (open[i] >= 0) close(open[i]);
  *command = (struct command){0, -1, -1, -1, NULL, 0};
}
