// SIGFPE: enabled floating-point exceptions, integer overflow and division by zero; where, why, and that the result stays away.
#define _GNU_SOURCE
#include <fenv.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static sigjmp_buf back;
static volatile int signo, code, delta;

static uint32_t fcsr(void) { uint32_t v; __asm__ volatile("cfc1 %0, $31" : "=r"(v)); return v; }
static void set_fcsr(uint32_t v) { __asm__ volatile("ctc1 %0, $31\n\tnop" ::"r"(v)); }

static void on_fpe(int n, siginfo_t *info, void *context) {
  signo = n;
  ucontext_t *u = context;
  code = info->si_code;
  delta = (int)((uint32_t *)(uintptr_t)u->uc_mcontext.pc - (uint32_t *)info->si_addr);
  set_fcsr(0);
  siglongjmp(back, 1);
}

static const char *word(int c) {
  switch (c) {
  case FPE_INTDIV: return "INTDIV";
  case FPE_INTOVF: return "INTOVF";
  case FPE_FLTDIV: return "FLTDIV";
  case FPE_FLTOVF: return "FLTOVF";
  case FPE_FLTUND: return "FLTUND";
  case FPE_FLTRES: return "FLTRES";
  case FPE_FLTINV: return "FLTINV";
  default: return "other";
  }
}

#define TRY(name, body) do { code = -1; if (!sigsetjmp(back, 1)) { body; printf("%s: no signal\n", name); } else printf("%s: %s %s pc%+d\n", name, signo == SIGFPE ? "SIGFPE" : signo == SIGTRAP ? "SIGTRAP" : "signal", word(code), signo == SIGFPE ? delta : 0); } while (0)

static volatile double zero = 0, one = 1, big = 1e308, tiny = 1e-308, three = 3;
static volatile int izero = 0, imin = INT32_MIN, imax = INT32_MAX;

int main(void) {
  struct sigaction action;
  setvbuf(stdout, 0, _IOLBF, 0);
  memset(&action, 0, sizeof action);
  action.sa_sigaction = on_fpe;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGFPE, &action, 0);
  sigaction(SIGTRAP, &action, 0);
  volatile double d;
  volatile float f;
  volatile int i;
  TRY("division by zero, masked", d = one / zero);
  printf("%f %x\n", d, fcsr() >> 2 & 0x1f);
  set_fcsr(0);
  static const struct { const char *name; int except; } each[] = {{"divbyzero", FE_DIVBYZERO}, {"overflow", FE_OVERFLOW}, {"underflow", FE_UNDERFLOW}, {"inexact", FE_INEXACT}, {"invalid", FE_INVALID}};
  for (unsigned n = 0; n < 5; n++) {
    printf("enabled %s\n", each[n].name);
    set_fcsr(0); feenableexcept(each[n].except); TRY("  1/0", d = one / zero);
    set_fcsr(0); feenableexcept(each[n].except); TRY("  big*big", d = big * big);
    set_fcsr(0); feenableexcept(each[n].except); TRY("  tiny*tiny", d = tiny * tiny);
    set_fcsr(0); feenableexcept(each[n].except); TRY("  tiny/8 exact", d = tiny / 2 * 2);
    set_fcsr(0); feenableexcept(each[n].except); TRY("  1/3", d = one / three);
    set_fcsr(0); feenableexcept(each[n].except); TRY("  0/0", d = zero / zero);
    set_fcsr(0); feenableexcept(each[n].except); TRY("  (float)big", f = (float)big);
    set_fcsr(0); feenableexcept(each[n].except); TRY("  (int)big", i = (int)big);
    set_fcsr(0); feenableexcept(each[n].except); TRY("  sqrt(-1)", __asm__ volatile("sqrt.d %0, %1" : "=f"(*(double *)&d) : "f"(-one)));
    set_fcsr(0);
  }
  // The destination of a trapped operation keeps its value.
  register double kept __asm__("$f20") = 42.5;
  feenableexcept(FE_DIVBYZERO);
  TRY("kept", __asm__ volatile("div.d %0, %1, %2" : "+f"(kept) : "f"(one), "f"(zero)));
  printf("%f\n", kept);
  set_fcsr(0);
  TRY("ctc1 of a cause that is enabled", set_fcsr(1u << 15 | 1u << 10));
  TRY("integer 1/0", i = 77 / izero);
  TRY("integer 1%0", i = 77 % izero);
  TRY("unsigned 1/0", i = (int)(77u / (unsigned)izero));
  TRY("add overflow", __asm__ volatile("add %0, %1, %2" : "=r"(*(int *)&i) : "r"(imax), "r"(1)));
  TRY("addi overflow", __asm__ volatile("addi %0, %1, -1" : "=r"(*(int *)&i) : "r"(imin)));
  TRY("sub overflow", __asm__ volatile("sub %0, %1, %2" : "=r"(*(int *)&i) : "r"(imin), "r"(1)));
  TRY("addu", __asm__ volatile("addu %0, %1, %2" : "=r"(*(int *)&i) : "r"(imax), "r"(1)));
  TRY("overflow in a delay slot", __asm__ volatile(".set push\n.set noreorder\n\tb 1f\n\tadd %0, %1, %2\n1:\n.set pop" : "=r"(*(int *)&i) : "r"(imax), "r"(1)));
  TRY("teq code 7", __asm__ volatile("teq %0, $0, 7" ::"r"(izero)));
  TRY("teq code 6", __asm__ volatile("teq %0, $0, 6" ::"r"(izero)));
  TRY("break 7", __asm__ volatile("break 7"));
  TRY("break 0, 7", __asm__ volatile("break 0, 7"));
  TRY("div by zero without a trap", __asm__ volatile(".set push\n.set noreorder\n\tdiv $0, %0, %1\n.set pop" ::"r"(1), "r"(izero) : "hi", "lo"));
  (void)f;
  return 0;
}
