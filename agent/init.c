/* Process 1: starts the agent, then becomes the init that the guest would have had without it (Linux, init/main.c: kernel_init).
 * The kernel runs it by rdinit=/.tsvm/init; the files next to it are written by src/boot/agent/archive.ts. */
#include "console.h"
#include "util.h"

#define FOLDER "/.tsvm"

/* The root directory of a new mount, which is taken out of the tree at once and lives as long as the file is open. */
static int private_mount(const char *type) {
  if (mount(type, FOLDER, type, 0) < 0) return -1;
  int dir = openat(AT_FDCWD, FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  umount2(FOLDER, MNT_DETACH);
  return dir;
}

static void start_agent(const struct kept *kept, char *name) {
  if (clone_unseen() != 0) return;
  setsid();
  for (int fd = 0; fd < 3; fd++)
    if (fd != kept->proc && fd != kept->sys && fd != kept->home) close(fd);
  /* Its own root, so that it keeps none of the guest's file systems busy. */
  if (kept->home < 0 || fchdir(kept->home) < 0 || chroot(".") < 0) exit(1);
  prctl(PR_SET_NAME, "tsvm-agent");
  /* systemd's sign for processes that outlive the initramfs. */
  if (name) name[0] = '@';
  agent(kept);
}

/* Returns only when the program cannot be executed. */
static int become(char *path, char **argv, char **envp) {
  argv[0] = path;
  return execve(path, argv, envp);
}

/* What init= of the kernel's command line says, NULL when it says nothing. */
static char *requested_init(char *command_line) {
  char *init = NULL, *word;
  while ((word = next_word(&command_line)) && !same(word, "--"))
    if (word[0] == 'i' && word[1] == 'n' && word[2] == 'i' && word[3] == 't' && word[4] == '=') init = word + 5;
  return init;
}

__attribute__((noreturn)) static void boot(char **argv, char **envp) {
  static char next_text[PATH_SIZE], root_text[PATH_SIZE], command_line[4096];
  char *next_line = next_text, *own_name = argv[0];
  read_text(AT_FDCWD, FOLDER "/next", next_text, sizeof next_text);
  long has_root = read_text(AT_FDCWD, FOLDER "/root", root_text, sizeof root_text);
  char *next = next_word(&next_line);
  struct kept kept = {private_mount("proc"), private_mount("sysfs"), private_mount("ramfs")};
  unlink(FOLDER "/next");
  unlink(FOLDER "/root");
  unlink(FOLDER "/init");
  rmdir(FOLDER);

  if (next && access(next, X_OK) == 0) {
    start_agent(&kept, own_name);
    complain("cannot execute ", next, become(next, argv, envp));
    exit(1);
  }
  if (has_root <= 0) {
    if (next) complain("cannot execute ", next, access(next, X_OK));
    else complain("no init and no root disk are named in ", FOLDER, 0);
    exit(1);
  }
  if (mount_root(root_text, &kept) < 0) exit(1);
  start_agent(&kept, own_name);
  read_text(kept.proc, "cmdline", command_line, sizeof command_line);
  next = requested_init(command_line);
  if (next) {
    complain("cannot execute ", next, become(next, argv, envp));
    exit(1);
  }
  static char *const usual[] = {"/sbin/init", "/etc/init", "/bin/init", "/bin/sh"};
  for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) become(usual[i], argv, envp);
  complain("the root disk has no init: tried /sbin/init, /etc/init, /bin/init and ", "/bin/sh", 0);
  exit(1);
}

__asm__(ENTRY);

/* Entered from _start with the initial stack. */
__attribute__((noreturn, used)) void start(long *stack) {
  long argc = stack[0];
  char **argv = (char **)&stack[1];
  boot(argv, argv + argc + 1);
}
