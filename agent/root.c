/* Root-disk mode: what the kernel does by itself for root= when there is no initramfs (Linux, init/do_mounts.c). */
#include "console.h"
#include "util.h"

enum { DISK_WAIT_MS = 30000, DISK_POLL_MS = 10 };

/* Mounts device on /root with the first file system that takes it. 0 or -errno. */
static int mount_any(const char *device, unsigned long flags, const struct kept *kept) {
  static char filesystems[4096];
  read_text(kept->proc, "filesystems", filesystems, sizeof filesystems);
  int error = -EINVAL;
  /* A line is a tab and the type's name, or nodev, a tab and the name. */
  for (char *rest = filesystems, *type; (type = next_word(&rest));) {
    if (same(type, "nodev")) {
      next_word(&rest);
      continue;
    }
    int result = mount(device, "/root", type, flags);
    if (result == 0) return 0;
    if (result != -EINVAL) error = result;
  }
  return error;
}

int mount_root(char *line, const struct kept *kept) {
  char *device = next_word(&line);
  char *mode = next_word(&line);
  if (!device) {
    complain("/.tsvm/root names no ", "device", 0);
    return -1;
  }
  mkdir("/dev", 0755);
  mkdir("/root", 0700);
  int devices = mount("devtmpfs", "/dev", "devtmpfs", 0);
  for (int waited = 0; access(device, F_OK) < 0; waited += DISK_POLL_MS) {
    if (waited >= DISK_WAIT_MS) {
      complain("there is no root disk after 30 seconds: ", device, access(device, F_OK));
      return -1;
    }
    sleep_ms(DISK_POLL_MS);
  }
  int error = mode && same(mode, "rw") ? mount_any(device, MS_SILENT, kept) : -EINVAL;
  /* What cannot be written is mounted read-only, as the kernel does it. */
  if (error < 0) error = mount_any(device, MS_SILENT | MS_RDONLY, kept);
  if (error < 0) {
    complain("cannot mount the root disk ", device, error);
    return -1;
  }
  if (devices == 0 && mount("/dev", "/root/dev", NULL, MS_MOVE) < 0) umount2("/dev", MNT_DETACH);
  if ((error = chdir("/root")) < 0 || (error = mount(".", "/", NULL, MS_MOVE)) < 0 || (error = chroot(".")) < 0 ||
      (error = chdir("/")) < 0) {
    complain("cannot make this disk the root: ", device, error);
    return -1;
  }
  return 0;
}
