/* What the parts of the agent share: text, files, time, and which part does what. */
#ifndef AGENT_UTIL_H
#define AGENT_UTIL_H

#include "sys.h"

enum { PATH_SIZE = 512 };

/* The compiler calls these two for copies and clears of its own. */
void *memcpy(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
size_t length_of(const char *text);
int same(const char *one, const char *other);
/* Appends to text in a buffer of PATH_SIZE bytes; what does not fit is left out. */
void append(char *to, const char *from);
/* The next word (no spaces, tabs or ends of line) from *from on, NUL-terminated in place; NULL at the end. Moves *from on. */
char *next_word(char **from);
/* Reads a file of text into a buffer, at most size - 1 bytes, and a NUL. Its length or -errno. */
long read_text(int dir, const char *path, char *to, size_t size);
void sleep_ms(long milliseconds);

/* Open directories of mounts that no mount table shows. */
struct kept {
  /* procfs: the root of pid 1 is 1/root, whatever it is by now. */
  int proc;
  /* sysfs: names and numbers of the virtio ports. */
  int sys;
  /* A ramfs of the agent's own: its root directory, and where it makes its device node. */
  int home;
};

/* agent.c: serves the port for ever. */
__attribute__((noreturn)) void agent(const struct kept *kept);
/* root.c: mounts the root disk that `line` (DEVICE ro|rw) names, makes it /. 0, or -1 after saying why on the console. */
int mount_root(char *line, const struct kept *kept);
/* port.c: the port of that name as an open file, -1 when there is none (yet). The caller's root is kept->home. */
int open_port(const char *name, const struct kept *kept);

#endif
