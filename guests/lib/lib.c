/* Start of C, exceptions without a hook, arguments, strings and a small printf. */
#include "guest.h"
#include <stdarg.h>

extern const u32 exc_stubs[5][4];
void (*exc_hook)(struct exc_frame *frame);

void *memcpy(void *to, const void *from, unsigned long n) {
  u8 *t = to;
  const u8 *f = from;
  while (n--) *t++ = *f++;
  return to;
}

void *memset(void *to, int byte, unsigned long n) {
  u8 *t = to;
  while (n--) *t++ = (u8)byte;
  return to;
}

unsigned long strlen(const char *s) {
  unsigned long n = 0;
  while (s[n]) n++;
  return n;
}

int strcmp(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return (u8)*a - (u8)*b;
}

/* ---- arguments ---- */

int arg_count(void) { return (int)boot_state.a0; }
const char *arg_text(int i) { return (const char *)((const u32 *)boot_state.a1)[i]; }

static int is_blank(char c) { return c == ' ' || c == '\t' || c == '\n'; }

int word_is(const char *text, const char *word) {
  while (*word && *text == *word) text++, word++;
  return *word == 0 && (*text == 0 || is_blank(*text));
}

/* The first word that starts with prefix, after that prefix; whole = 1 asks for the word itself. */
static const char *find_word(const char *prefix, int whole) {
  unsigned long n = strlen(prefix);
  for (int i = 0; i < arg_count(); i++) {
    const char *p = arg_text(i);
    while (p && *p) {
      while (is_blank(*p)) p++;
      if (whole && word_is(p, prefix)) return p;
      unsigned long k = 0;
      while (k < n && p[k] == prefix[k]) k++;
      if (!whole && k == n && p[n] == '=') return p + n + 1;
      while (*p && !is_blank(*p)) p++;
    }
  }
  return 0;
}

const char *arg_value(const char *key) { return find_word(key, 0); }
int arg_flag(const char *word) { return find_word(word, 1) != 0; }

int parse_int(const char *text) {
  int negative = *text == '-';
  u32 value = 0;
  for (text += negative; *text >= '0' && *text <= '9'; text++) value = value * 10 + (u32)(*text - '0');
  return (int)(negative ? 0 - value : value);
}

int arg_int(const char *key, int otherwise) {
  const char *text = arg_value(key);
  return text ? parse_int(text) : otherwise;
}

/* ---- printf: %c %s %d %u %x with zero or blank padding and width ---- */

struct sink {
  char bytes[128];
  u32 used;
};

static void put(struct sink *s, char c) {
  if (s->used == sizeof s->bytes) {
    console_write(s->bytes, s->used);
    s->used = 0;
  }
  s->bytes[s->used++] = c;
}

static void put_number(struct sink *s, u32 value, u32 base, int negative, u32 width, char pad) {
  char digits[12];
  u32 n = 0;
  do {
    u32 digit = value % base;
    digits[n++] = (char)(digit < 10 ? '0' + digit : 'a' + digit - 10);
    value /= base;
  } while (value);
  if (negative) digits[n++] = '-';
  for (u32 i = n; i < width; i++) put(s, pad);
  while (n) put(s, digits[--n]);
}

void printf(const char *format, ...) {
  struct sink s;
  va_list args;
  s.used = 0;
  va_start(args, format);
  for (; *format; format++) {
    if (*format != '%') {
      put(&s, *format);
      continue;
    }
    char pad = ' ';
    u32 width = 0;
    if (*++format == '0') pad = '0';
    while (*format >= '0' && *format <= '9') width = width * 10 + (u32)(*format++ - '0');
    switch (*format) {
      case 'c':
        put(&s, (char)va_arg(args, int));
        break;
      case 's':
        for (const char *text = va_arg(args, const char *); *text; text++) put(&s, *text);
        break;
      case 'd': {
        int value = va_arg(args, int);
        put_number(&s, value < 0 ? 0 - (u32)value : (u32)value, 10, value < 0, width, pad);
        break;
      }
      case 'u':
        put_number(&s, va_arg(args, u32), 10, 0, width, pad);
        break;
      case 'x':
        put_number(&s, va_arg(args, u32), 16, 0, width, pad);
        break;
      default:
        put(&s, *format);
    }
  }
  va_end(args);
  console_write(s.bytes, s.used);
}

/* ---- exceptions, start, end ---- */

void exc_install(u32 ebase) {
  for (u32 i = 0; i < 5; i++) {
    u32 *vector = (u32 *)(ebase + (i == 4 ? 0x200 : i * 0x80));
    memcpy(vector, exc_stubs[i], sizeof exc_stubs[i]);
    icache_sync(vector, sizeof exc_stubs[i]);
  }
}

void exc_report(const struct exc_frame *f) {
  printf("exception code %u at vector 0x%03x: EPC 0x%08x Cause 0x%08x Status 0x%08x BadVAddr 0x%08x EntryHi 0x%08x\n",
         CA_CODE(f->cause), f->vector, f->epc, f->cause, f->status, f->badvaddr, f->entryhi);
  printf("  ra 0x%08x sp 0x%08x\n", f->r[31], f->r[29]);
}

void exc_dispatch(struct exc_frame *frame) {
  if (exc_hook) {
    exc_hook(frame);
    return;
  }
  printf("unexpected ");
  exc_report(frame);
  guest_exit(98);
}

void guest_exit(int code) {
#if TE
  hypercall(HC_EXIT_VM, (u32)code, EXIT_WITH_CODE, 0);
#else
  printf("exit code %d\n", code);
  *(volatile u8 *)0xbf000500 = 0x42; /* Malta's soft reset; QEMU ends on it with -no-reboot */
#endif
  for (;;) cpu_wait();
}

void guest_start(void) {
  exc_install(KSEG0);
  set_ebase(KSEG0);
  console_init();
  guest_exit(main());
}
