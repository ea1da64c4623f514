/* Finds a virtio-console port by its name (Linux, drivers/char/virtio_console.c: /sys/class/virtio-ports). */
#include "util.h"

/* MAJOR:MINOR as the number that mknod takes; 0 when the text is something else. */
static unsigned device_number(const char *text) {
  unsigned parts[2] = {0, 0};
  int part = 0;
  for (; *text && *text != '\n'; text++) {
    if (*text == ':' && part == 0) part = 1;
    else if (*text >= '0' && *text <= '9') parts[part] = parts[part] * 10 + (*text - '0');
    else return 0;
  }
  return (parts[1] & 0xff) | parts[0] << 8 | (parts[1] & ~0xffu) << 12;
}

/* The text of the file FOLDER/NAME below dir, first word only. */
static char *attribute(int dir, const char *folder, const char *name, char *text, size_t size) {
  char path[PATH_SIZE] = "";
  append(path, folder);
  append(path, "/");
  append(path, name);
  if (read_text(dir, path, text, size) < 0) return NULL;
  return next_word(&text);
}

static unsigned port_device(const char *wanted, int dir) {
  static char entries[2048] __attribute__((aligned(8)));
  char text[64];
  for (;;) {
    long size = getdents64(dir, entries, sizeof entries);
    if (size <= 0) return 0;
    for (long at = 0; at < size;) {
      struct dirent64 *entry = (struct dirent64 *)(entries + at);
      at += entry->reclen;
      char *name = entry->name[0] == '.' ? NULL : attribute(dir, entry->name, "name", text, sizeof text);
      if (!name || !same(name, wanted)) continue;
      char *number = attribute(dir, entry->name, "dev", text, sizeof text);
      return number ? device_number(number) : 0;
    }
  }
}

int open_port(const char *name, const struct kept *kept) {
  int dir = openat(kept->sys, "class/virtio-ports", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (dir < 0) return -1;
  unsigned device = port_device(name, dir);
  close(dir);
  if (device == 0 || mknod("/port", S_IFCHR | 0600, device) < 0) return -1;
  int port = openat(AT_FDCWD, "/port", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  unlink("/port");
  return port;
}
