/*
 * The runner of the instruction oracle: a static, freestanding MIPS Linux program for qemu-user.
 *
 * It reads instruction records from stdin and writes one result per record to stdout (machine.ts and qemu-user.ts describe
 * both; all words are in the guest's byte order). Every record starts and ends in a signal handler: the handler saves the
 * registers that the previous record left in the signal context, and loads the next record's into it, so that the
 * instructions own every register. Everything in the code area around a record's words is BREAK.
 *
 * Fixed addresses, shared with machine.ts: the code area is two pages at 0x40100000; the memory window is 64 bytes at
 * 0x40102fe0, across a page boundary. Signal context: Linux arch/mips/include/uapi/asm/sigcontext.h (o32).
 *
 * Built with FPU, records and results also have Status.FR, FCSR and the floating-point registers. qemu-user keeps the registers in the
 * signal context, but FCSR in the processor.
 */

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

enum {
  CODE_WORDS = 2048,
  WINDOW_OFFSET = 0x2fe0,
  WINDOW_BYTES = 64,
  MAX_WORDS = 4,
  BREAK = 0x0000000d,
};

struct record {
  u32 pc;
  u32 count;
  u32 words[MAX_WORDS];
  u32 gpr[32];
  u32 hi, lo;
  u8 window[WINDOW_BYTES];
#ifdef FPU
  u32 fr, fcsr;
  u64 fpr[32];
#endif
};

struct result {
  u32 signal;
  u32 pc;
  u32 address;
  u32 gpr[32];
  u32 hi, lo;
  u8 window[WINDOW_BYTES];
#ifdef FPU
  u32 pad, fcsr;
  u64 fpr[32];
#endif
};

struct siginfo {
  u32 signo, code, errno_, address;
};

struct ucontext {
  u32 flags, link, stack[3], pad;
  u32 regmask, status;
  u64 pc;
  u64 regs[32];
  u64 fpregs[32];
  u32 acx, fpc_csr, fpc_eir, used_math, dsp, pad2;
  u64 mdhi, mdlo;
};

struct sigaction {
  u32 flags;
  void (*handler)(u32, struct siginfo *, struct ucontext *);
  u32 mask[4];
};

enum { NR_exit = 4001, NR_read = 4003, NR_write = 4004, NR_prctl = 4192, NR_rt_sigaction = 4194, NR_sigaltstack = 4206 };
enum { PR_SET_FP_MODE = 45 };
enum { SIGILL = 4, SIGTRAP = 5, SIGFPE = 8, SIGBUS = 10, SIGSEGV = 11, SA_SIGINFO = 8, SA_ONSTACK = 0x08000000 };

__attribute__((section(".arena"), aligned(4096))) static u8 arena[0x4000];
static u8 signal_stack[32768] __attribute__((aligned(16)));
static u8 input[65536], output[65536];
static u32 input_at, input_end, output_at;
static struct record record;
static struct result result;
static int running;
static u32 reservation;

static int syscall4(u32 number, u32 a, u32 b, u32 c, u32 d) {
  register u32 v0 __asm__("$2") = number;
  register u32 a0 __asm__("$4") = a;
  register u32 a1 __asm__("$5") = b;
  register u32 a2 __asm__("$6") = c;
  register u32 a3 __asm__("$7") = d;
  __asm__ volatile("syscall"
                   : "+r"(v0), "+r"(a3)
                   : "r"(a0), "r"(a1), "r"(a2)
                   : "$1", "$3", "$8", "$9", "$10", "$11", "$12", "$13", "$14", "$15", "$24", "$25", "hi", "lo", "memory");
  return a3 ? -1 : (int)v0;
}

static void flush(void) {
  u32 done = 0;
  while (done < output_at) {
    int count = syscall4(NR_write, 1, (u32)output + done, output_at - done, 0);
    if (count <= 0) syscall4(NR_exit, 3, 0, 0, 0);
    done += (u32)count;
  }
  output_at = 0;
}

static void put(const void *from, u32 length) {
  const u8 *bytes = from;
  for (u32 i = 0; i < length; i++) {
    if (output_at == sizeof output) flush();
    output[output_at++] = bytes[i];
  }
}

/* 1 when `length` bytes came, 0 at a clean end of input. */
static int get(void *into, u32 length) {
  u8 *bytes = into;
  for (u32 i = 0; i < length; i++) {
    if (input_at == input_end) {
      int count = syscall4(NR_read, 0, (u32)input, sizeof input, 0);
      if (count <= 0) {
        if (i != 0) syscall4(NR_exit, 2, 0, 0, 0);
        return 0;
      }
      input_at = 0;
      input_end = (u32)count;
    }
    bytes[i] = input[input_at++];
  }
  return 1;
}

static void put_word(u32 address, u32 word) {
  *(volatile u32 *)address = word;
  __asm__ volatile(".set push; .set noreorder; synci 0(%0); sync; .set pop" : : "r"(address) : "memory");
}

/* An SC whose LL was elsewhere must not find a reservation that an earlier record left behind. */
static void break_reservation(void) {
  u32 scratch;
  __asm__ volatile("ll %0, 0(%1)\n\tsc %0, 0(%1)" : "=&r"(scratch) : "r"(&reservation) : "memory");
}

#ifdef FPU
static u32 get_fcsr(void) {
  u32 fcsr;
  __asm__ volatile(".set push; .set hardfloat; cfc1 %0, $31; .set pop" : "=r"(fcsr));
  return fcsr;
}

/* The record's FCSR raises no exception by itself. */
static void set_fcsr(u32 fcsr) {
  __asm__ volatile(".set push; .set hardfloat; ctc1 %0, $31; .set pop" : : "r"(fcsr));
}
#endif

static void on_signal(u32 signal, struct siginfo *info, struct ucontext *context) {
  if (running) {
    result.signal = signal;
    result.pc = (u32)context->pc;
    result.address = signal == SIGBUS || signal == SIGSEGV ? info->address : 0;
    for (u32 i = 0; i < 32; i++) result.gpr[i] = (u32)context->regs[i];
    result.hi = (u32)context->mdhi;
    result.lo = (u32)context->mdlo;
    for (u32 i = 0; i < WINDOW_BYTES; i++) result.window[i] = arena[WINDOW_OFFSET + i];
#ifdef FPU
    result.fcsr = get_fcsr();
    for (u32 i = 0; i < 32; i++) result.fpr[i] = context->fpregs[i];
#endif
    put(&result, sizeof result);
    for (u32 i = 0; i < record.count; i++) put_word(record.pc + 4 * i, BREAK);
  }
  if (!get(&record, sizeof record)) {
    flush();
    syscall4(NR_exit, 0, 0, 0, 0);
  }
  running = 1;
  for (u32 i = 0; i < record.count; i++) put_word(record.pc + 4 * i, record.words[i]);
  for (u32 i = 0; i < WINDOW_BYTES; i++) arena[WINDOW_OFFSET + i] = record.window[i];
  context->pc = record.pc;
  for (u32 i = 1; i < 32; i++) context->regs[i] = (u64)(long long)(int)record.gpr[i];
  context->mdhi = (u64)(long long)(int)record.hi;
  context->mdlo = (u64)(long long)(int)record.lo;
#ifdef FPU
  if (syscall4(NR_prctl, PR_SET_FP_MODE, record.fr, 0, 0) != 0) syscall4(NR_exit, 4, 0, 0, 0);
  set_fcsr(record.fcsr);
  for (u32 i = 0; i < 32; i++) context->fpregs[i] = record.fpr[i];
#endif
  break_reservation();
}

__attribute__((noreturn, used)) void start_runner(void) {
  for (u32 i = 0; i < CODE_WORDS; i++) put_word((u32)arena + 4 * i, BREAK);
  u32 stack[3] = {(u32)signal_stack, sizeof signal_stack, 0};
  syscall4(NR_sigaltstack, (u32)stack, 0, 0, 0);
  struct sigaction action = {SA_SIGINFO | SA_ONSTACK, on_signal, {0, 0, 0, 0}};
  static const u32 signals[] = {SIGILL, SIGTRAP, SIGFPE, SIGBUS, SIGSEGV};
  for (u32 i = 0; i < sizeof signals / sizeof signals[0]; i++)
    syscall4(NR_rt_sigaction, signals[i], (u32)&action, 0, sizeof action.mask);
  __asm__ volatile("break");
  __builtin_unreachable();
}

__asm__(".text\n.globl __start\n__start:\n\tj start_runner\n\tnop\n");
