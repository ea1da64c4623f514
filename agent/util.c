/* Text, files and time without a C library. */
#include "util.h"

void *memcpy(void *to, const void *from, size_t size) {
  for (size_t i = 0; i < size; i++) ((char *)to)[i] = ((const char *)from)[i];
  return to;
}

void *memset(void *to, int byte, size_t size) {
  for (size_t i = 0; i < size; i++) ((char *)to)[i] = (char)byte;
  return to;
}

size_t length_of(const char *text) {
  size_t length = 0;
  while (text[length]) length++;
  return length;
}

int same(const char *one, const char *other) {
  while (*one && *one == *other) {
    one++;
    other++;
  }
  return *one == *other;
}

void append(char *to, const char *from) {
  size_t at = length_of(to);
  while (*from && at < PATH_SIZE - 1) to[at++] = *from++;
  to[at] = 0;
}

static int is_space(char c) { return c == ' ' || c == '\t' || c == '\n'; }

char *next_word(char **from) {
  char *at = *from;
  while (is_space(*at)) at++;
  char *word = at;
  while (*at && !is_space(*at)) at++;
  if (*at) *at++ = 0;
  *from = at;
  return *word ? word : NULL;
}

long read_text(int dir, const char *path, char *to, size_t size) {
  to[0] = 0;
  int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fd;
  size_t length = 0;
  while (length < size - 1) {
    long got = read(fd, to + length, size - 1 - length);
    if (got <= 0) break;
    length += got;
  }
  to[length] = 0;
  close(fd);
  return length;
}

void sleep_ms(long milliseconds) {
  struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
  nanosleep(&time);
}
