/*
 * The runner of the ARM instruction oracle: a static, freestanding ARM Linux program for qemu-arm.
 *
 * It reads instruction records from stdin and writes one result per record to stdout (layout: struct record and struct result, and qemu-arm.ts).
 * Every record starts and ends in a signal handler: the handler takes the registers that the previous record left in the signal context, and puts
 * the next record's into it, so that the instructions own every register. All code around a record's is a word that is undefined as A32 and as T32.
 *
 * A record that runs for ever ends at the second tick of a timer of processor time.
 *
 * Fixed addresses, shared with machine.ts: at 0x50100000 two pages of code, then four of data with a pattern; the record's window of 256 bytes
 * stands across the middle of these. Stores anywhere in the six pages are seen, and undone.
 * Signal context: Linux arch/arm/include/uapi/asm/ucontext.h, and arch/arm/include/asm/ucontext.h for the VFP frame.
 */

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

enum {
  CODE_WORDS = 2048,
  ARENA_WORDS = 6144,
  WINDOW_WORD = 4096 - 32,
  WINDOW_WORDS = 64,
  MAX_HALFWORDS = 16,
  FILLER = 0xe7ffdefe,
  TICK_MICROSECONDS = 200000,
  VFP_MAGIC = 0x56465001,
};

struct record {
  u32 pc, cpsr, fpscr, halfwords;
  u16 code[MAX_HALFWORDS];
  u32 r[15], pad;
  u64 d[32];
  u32 window[WINDOW_WORDS];
};

struct result {
  u32 signal, pc, address, cpsr, fpscr;
  u32 r[15];
  /* Words outside of the window that changed: how many, the first one's address, and a hash of addresses and values. */
  u32 strays, stray_address, stray_hash, pad;
  u64 d[32];
  u32 window[WINDOW_WORDS];
};

struct siginfo {
  u32 signo, errno_, code, address;
};

struct ucontext {
  u32 flags, link, stack[3];
  u32 trap, error, oldmask, r[15], pc, cpsr, fault_address;
  u32 sigmask[32];
  struct {
    u32 magic, size;
    u64 d[32];
    u32 fpscr;
  } vfp __attribute__((aligned(8)));
};

struct sigaction {
  void (*handler)(u32, struct siginfo *, struct ucontext *);
  u32 flags;
  void (*restorer)(void);
  u32 mask[2];
};

static const u32 KERNEL_HELPERS = 0xffff0000, SIGNAL_PAGE = 0x3ffff000, STACK = 0x40000000;

enum { NR_exit = 1, NR_read = 3, NR_write = 4, NR_munmap = 91, NR_setitimer = 104, NR_mprotect = 125, NR_rt_sigaction = 174, NR_sigaltstack = 186 };
enum { SIGILL = 4, SIGTRAP = 5, SIGBUS = 7, SIGFPE = 8, SIGSEGV = 11, SIGVTALRM = 26, SA_SIGINFO = 4, SA_RESTORER = 0x04000000, SA_ONSTACK = 0x08000000, ITIMER_VIRTUAL = 1 };

__attribute__((section(".arena"), aligned(4096))) static u32 arena[ARENA_WORDS];
static u32 pristine[ARENA_WORDS] __attribute__((aligned(8)));
static u8 signal_stack[65536] __attribute__((aligned(16)));
__attribute__((used)) static u8 first_stack[4096] __attribute__((aligned(16)));
static u32 input[16384], output[16384];
static u32 input_at, input_end, output_at;
static struct record record;
static struct result result;
static int running;
static u32 serial, serial_at_tick;

static int syscall4(u32 number, u32 a, u32 b, u32 c, u32 d) {
  register u32 r7 __asm__("r7") = number;
  register u32 r0 __asm__("r0") = a;
  register u32 r1 __asm__("r1") = b;
  register u32 r2 __asm__("r2") = c;
  register u32 r3 __asm__("r3") = d;
  __asm__ volatile("svc #0" : "+r"(r0) : "r"(r7), "r"(r1), "r"(r2), "r"(r3) : "memory");
  return (int)r0;
}

static void flush(void) {
  u32 done = 0;
  while (done < output_at * 4) {
    int count = syscall4(NR_write, 1, (u32)output + done, output_at * 4 - done, 0);
    if (count <= 0) syscall4(NR_exit, 3, 0, 0, 0);
    done += (u32)count;
  }
  output_at = 0;
}

static void put(const void *from, u32 length) {
  const u32 *words = from;
  for (u32 i = 0; i < length / 4; i++) {
    if (output_at == sizeof output / 4) flush();
    output[output_at++] = words[i];
  }
}

/* 1 when `length` bytes came, 0 at a clean end of input. */
static int get(void *into, u32 length) {
  u32 *words = into;
  for (u32 i = 0; i < length / 4; i++) {
    if (input_at == input_end) {
      u32 have = 0;
      do {
        int count = syscall4(NR_read, 0, (u32)input + have, sizeof input - have, 0);
        if (count <= 0) {
          if (i != 0 || have != 0) syscall4(NR_exit, 2, 0, 0, 0);
          return 0;
        }
        have += (u32)count;
      } while (have % 4 != 0);
      input_at = 0;
      input_end = have / 4;
    }
    words[i] = input[input_at++];
  }
  return 1;
}

/* Data after the code: a pattern that depends on the place. */
static u32 pattern(u32 i) {
  u32 x = i * 0x9e3779b9u;
  return x ^ (x >> 15);
}

/* Writes to code pages cost the most here, so a word that is right already is left alone. */
static void set_word(u32 i, u32 value) {
  if (arena[i] != value) arena[i] = value;
}

static void collect_strays(void) {
  result.strays = result.stray_address = 0;
  result.stray_hash = 0x811c9dc5u;
  const u64 *now = (const u64 *)arena, *was = (const u64 *)pristine;
  for (u32 pair = 0; pair < ARENA_WORDS / 2; pair++) {
    if (now[pair] == was[pair]) continue;
    for (u32 i = pair * 2; i < pair * 2 + 2; i++) {
      if (arena[i] == pristine[i]) continue;
      if (result.strays++ == 0) result.stray_address = (u32)&arena[i];
      result.stray_hash = ((result.stray_hash ^ (u32)&arena[i]) * 0x01000193u ^ arena[i]) * 0x01000193u;
      arena[i] = pristine[i];
    }
  }
}

static void put_code(int remove) {
  u16 *code = (u16 *)((u8 *)arena + (record.pc - (u32)arena));
  for (u32 i = 0; i < record.halfwords; i++) code[i] = remove ? (u16)(((u32)&code[i] & 2) ? FILLER >> 16 : FILLER) : record.code[i];
}

static void on_signal(u32 signal, struct siginfo *info, struct ucontext *context) {
  if (context->vfp.magic != VFP_MAGIC) syscall4(NR_exit, 4, 0, 0, 0);
  if (signal == SIGVTALRM) {
    u32 first_tick = serial != serial_at_tick;
    serial_at_tick = serial;
    if (first_tick || !running) return;
  }
  serial++;
  if (running) {
    result.signal = signal;
    result.pc = context->pc;
    result.address = signal == SIGBUS || signal == SIGSEGV ? info->address : 0;
    result.cpsr = context->cpsr;
    result.fpscr = context->vfp.fpscr;
    for (u32 i = 0; i < 15; i++) result.r[i] = context->r[i];
    for (u32 i = 0; i < 32; i++) result.d[i] = context->vfp.d[i];
    for (u32 i = 0; i < WINDOW_WORDS; i++) {
      result.window[i] = arena[WINDOW_WORD + i];
      arena[WINDOW_WORD + i] = pristine[WINDOW_WORD + i];
    }
    /* The record's own code is what it should be while strays are looked for. */
    u16 *code = (u16 *)((u8 *)pristine + (record.pc - (u32)arena));
    for (u32 i = 0; i < record.halfwords; i++) code[i] = record.code[i];
    collect_strays();
    for (u32 i = 0; i < record.halfwords; i++) code[i] = (u16)(((u32)&code[i] & 2) ? FILLER >> 16 : FILLER);
    put(&result, sizeof result);
    put_code(1);
  }
  if (!get(&record, sizeof record)) {
    flush();
    syscall4(NR_exit, 0, 0, 0, 0);
  }
  running = 1;
  put_code(0);
  for (u32 i = 0; i < WINDOW_WORDS; i++) arena[WINDOW_WORD + i] = record.window[i];
  context->pc = record.pc;
  context->cpsr = record.cpsr;
  for (u32 i = 0; i < 15; i++) context->r[i] = record.r[i];
  context->vfp.fpscr = record.fpscr;
  for (u32 i = 0; i < 32; i++) context->vfp.d[i] = record.d[i];
  __asm__ volatile("clrex" : : : "memory");
}

__attribute__((naked)) static void return_from_signal(void) { __asm__("mov r7, #173\n\tsvc #0"); }

__attribute__((noreturn, used)) void start_runner(void) {
  for (u32 i = 0; i < ARENA_WORDS; i++) {
    pristine[i] = i < CODE_WORDS ? FILLER : pattern(i);
    set_word(i, pristine[i]);
  }
  /* The kernel's helper functions: a record that jumps there or loads from there shall find nothing. */
  if (syscall4(NR_munmap, KERNEL_HELPERS, 0x1000, 0, 0) != 0) syscall4(NR_exit, 5, 0, 0, 0);
  /* The page that qemu has for returning from signals, which the handler does by itself, and the stack that it has made. */
  syscall4(NR_munmap, SIGNAL_PAGE, 0x1000, 0, 0);
  syscall4(NR_munmap, STACK, 0x100000, 0, 0);
  /* Only the code area is for execution. */
  enum { PROT_READ_WRITE = 3 };
  syscall4(NR_mprotect, (u32)(arena + CODE_WORDS), sizeof arena - 4 * CODE_WORDS, PROT_READ_WRITE, 0);
  u32 stack[3] = {(u32)signal_stack, 0, sizeof signal_stack};
  syscall4(NR_sigaltstack, (u32)stack, 0, 0, 0);
  struct sigaction action = {on_signal, SA_SIGINFO | SA_ONSTACK | SA_RESTORER, return_from_signal, {1u << (SIGVTALRM - 1), 0}};
  static const u32 signals[] = {SIGILL, SIGTRAP, SIGFPE, SIGBUS, SIGSEGV, SIGVTALRM};
  for (u32 i = 0; i < sizeof signals / sizeof signals[0]; i++)
    syscall4(NR_rt_sigaction, signals[i], (u32)&action, 0, sizeof action.mask);
  u32 timer[4] = {0, TICK_MICROSECONDS, 0, TICK_MICROSECONDS};
  syscall4(NR_setitimer, ITIMER_VIRTUAL, (u32)timer, 0, 0);
  __asm__ volatile("udf #0");
  __builtin_unreachable();
}

__asm__(".text\n.globl _start\n_start:\n\tldr sp, =first_stack + 4096\n\tb start_runner\n");
