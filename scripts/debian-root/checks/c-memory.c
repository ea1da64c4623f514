// Memory: string functions at every alignment, mmap of files and its ends, mremap, copy on write, large arrays, page faults in system calls.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <wchar.h>

static uint64_t h = 1;
static void note(uint64_t v) { h = (h ^ v) * 1099511628211u; h ^= h >> 30; }
static unsigned char a[600], b[600];
static sigjmp_buf back;
static void on_bus(int n) { siglongjmp(back, n); }

int main(void) {
  for (unsigned to = 0; to < 16; to++) for (unsigned from = 0; from < 16; from++) for (unsigned n = 0; n < 140; n += 1 + n / 9) {
    for (unsigned i = 0; i < 600; i++) { a[i] = (unsigned char)(i * 13 + n); b[i] = (unsigned char)~i; }
    memcpy(b + 100 + to, a + 50 + from, n);
    memmove(a + 60 + to, a + 50 + from, n * 2);
    memset(b + 300 + from, (int)to, n);
    note((unsigned)(memcmp(a + to, b + from, n) > 0));
    for (unsigned i = 0; i < 600; i += 7) note(a[i] * 256u + b[i]);
    b[400 + n] = 0;
    note(strlen((char *)b + 400 - from % 3 * 0));
    note((uintptr_t)memchr(a + from, (int)(to * 13 & 0xff), n) ? (uintptr_t)((unsigned char *)memchr(a + from, (int)(to * 13 & 0xff), n) - a) : 7);
  }
  printf("copies %016llx\n", (unsigned long long)h);
  char text[300], more[300];
  h = 1;
  for (int i = 0; i < 250; i++) text[i] = (char)('a' + i * 7 % 26);
  text[250] = 0;
  for (int o = 0; o < 40; o++) { strcpy(more + o % 8, text + o); strcat(more + o % 8, "tail"); note((uint64_t)(strcmp(text + o, more + o % 8) + 500)); note((uint64_t)(strstr(more + o % 8, "tail") - more)); note(strcspn(text + o, "xyz")); note(strspn(text + o, "abcdefghijkl")); note((uint64_t)(strrchr(text, 'q') - text)); note((uint64_t)strncmp(text, text + o, 3) & 1); }
  printf("strings %016llx\n", (unsigned long long)h);

  size_t page = 65536, size = page * 40;
  int fd = open("file", O_RDWR | O_CREAT, 0600);
  for (uint32_t i = 0; i < size / 4; i += 1024) { uint32_t block[1024]; for (uint32_t k = 0; k < 1024; k++) block[k] = (i + k) * 2654435761u; if (write(fd, block, 4096) != 4096) return 1; }
  uint32_t *shared = mmap(0, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), *private = mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  uint64_t sum = 0;
  for (size_t i = 0; i < size / 4; i += 3) sum += shared[i];
  for (size_t i = 0; i < size / 4; i += 5000) private[i] = ~private[i];
  for (size_t i = 0; i < size / 4; i++) note(private[i]);
  for (size_t i = 1; i < size / 4; i += 7000) shared[i] += 9;
  msync(shared, size, MS_SYNC);
  uint32_t word;
  if (pread(fd, &word, 4, 4) != 4) return 1;
  printf("mapped %llu %016llx %u\n", (unsigned long long)sum, (unsigned long long)h, word == 2654435761u + 9);
  word = 77;
  if (pwrite(fd, &word, 4, 400) != 4) return 1;
  printf("seen %u\n", shared[100]);
  signal(SIGBUS, on_bus);
  if (ftruncate(fd, (off_t)page)) return 1;
  volatile uint32_t *end = shared + page / 4;
  int n = sigsetjmp(back, 1);
  if (!n) printf("beyond %u\n", *end); else printf("beyond the end: %d\n", n == SIGBUS);
  munmap(shared, size);
  munmap(private, size);
  char *grown = mmap(0, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (size_t i = 0; i < page; i++) grown[i] = (char)i;
  h = 1;
  for (int i = 2; i < 40; i += 5) { grown = mremap(grown, page * (size_t)(i == 2 ? 1 : i - 5), page * (size_t)i, MREMAP_MAYMOVE); grown[page * (size_t)i - 1] = (char)i; note((unsigned char)grown[page - 3]); note((unsigned char)grown[page * (size_t)i - 2]); }
  madvise(grown, page, MADV_DONTNEED);
  printf("mremap %016llx %d\n", (unsigned long long)h, grown[77]);
  // System calls that fault.
  char *none = mmap(0, page * 2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(none + page, page);
  int zero = open("/dev/zero", O_RDONLY);
  errno = 0;
  ssize_t r = read(zero, none + page, 100);
  printf("efault %zd %d ", r, errno == EFAULT);
  r = read(zero, none + page - 50, 100);
  printf("%d ", r == 50 || r == -1);
  struct iovec iov[2] = {{none, 10}, {none + page, 10}};
  r = writev(fd, iov, 2);
  printf("%d %d %d\n", r == 10 || r == -1, (int)write(fd, none + page, 4), open((char *)none + page, O_RDONLY));
  // Many pages, walked against the TLB's grain.
  size_t big = 48u << 20;
  uint32_t *words = malloc(big);
  for (size_t i = 0; i < big / 4; i += 1024) words[i] = (uint32_t)i;
  uint32_t at = 0, hash = 0;
  for (int i = 0; i < 200000; i++) { at = (at * 1664525u + 1013904223u); size_t index = (at >> 8) % (big / 4096) * 1024; words[index] += (uint32_t)i; hash = hash * 31 + words[index]; }
  printf("walk %08x\n", hash);
  void *blocks[400];
  uint32_t k = 1;
  h = 1;
  for (int i = 0; i < 400; i++) blocks[i] = 0;
  for (int i = 0; i < 20000; i++) { k = k * 1103515245u + 12345u; unsigned slot = k >> 16 & 255, want = (k >> 8) % 3000 + 1; if (blocks[slot]) { note(*(uint32_t *)blocks[slot]); } blocks[slot] = realloc(blocks[slot], want < 4 ? 4 : want); *(uint32_t *)blocks[slot] = k; }
  printf("heap %016llx\n", (unsigned long long)h);
  return 0;
}
