/* The interrupt controller's registers (MIPS.md B3) from vCPU 0: bits, enables, levels, and what reaches Cause.IP2. */
#include "test.h"

/* Lines 8:0 are ignored; virtio devices drive 16 to 24. */
#define IGNORED 0x000001ffu
#define DEVICES 0x01ff0000u
#define FREE_LINES(word) ((word) ? 0xffffffffu : ~(IGNORED | DEVICES))
#define IP2 CA_IP(2)

static u32 wrong;

static void expect(u32 got, u32 wanted) {
  if (got != wanted) wrong++;
}

static u32 finish(void) {
  u32 found = wrong;
  wrong = 0;
  return found;
}

static void test_sizes(void) {
  check(CHIP_BITS == 64 && CHIP_CPUS >= 8, "size", "%u lines, %u cpus", CHIP_BITS, CHIP_CPUS);
}

static void expect_raw(u32 word, u32 wanted) {
  u32 free = FREE_LINES(word);
  expect(CHIP_RAW(word) & free, wanted);
  expect(CHIP_RAW_W1S(word) & free, wanted); /* the other two places read the same */
  expect(CHIP_RAW_W1C(word) & free, wanted);
}

static void test_raw(void) {
  for (u32 word = 0; word < 2; word++) {
    u32 free = FREE_LINES(word), kept = CHIP_RAW(word) & ~free;
    for (u32 bit = 0; bit < 32; bit++) {
      u32 one = 1u << bit & free;
      CHIP_RAW_W1S(word) = one;
      expect_raw(word, one);
      CHIP_RAW_W1S(word) = 0;
      expect_raw(word, one);
      CHIP_RAW_W1C(word) = free & ~one;
      expect_raw(word, one);
      CHIP_RAW_W1C(word) = one;
      expect_raw(word, 0);
      CHIP_RAW(word) = free | kept;
      expect_raw(word, free);
      CHIP_RAW(word) = one | kept; /* sets and clears */
      expect_raw(word, one);
      CHIP_RAW(word) = kept;
      expect_raw(word, 0);
    }
  }
  check(finish() == 0, "raw", "set, clear and plain writes of every line");
}

static void test_ignored(void) {
  CHIP_RAW_W1S(0) = IGNORED;
  expect(CHIP_RAW(0) & IGNORED, 0);
  CHIP_RAW(0) = CHIP_RAW(0) | IGNORED;
  expect(CHIP_RAW(0) & IGNORED, 0);
  for (u32 cpu = 0; cpu < SMP_MAX; cpu++) {
    CHIP_EN_W1S(cpu, 0) = IGNORED;
    expect(CHIP_EN(cpu, 0) & IGNORED, 0);
    CHIP_EN(cpu, 0) = IGNORED;
    expect(CHIP_EN(cpu, 0) & IGNORED, 0);
    expect(CHIP_SRC(cpu, 0) & IGNORED, 0);
  }
  expect(get_cause() & IP2, 0);
  check(finish() == 0, "lines-0-to-8", "ignored in raw and every enable");
}

static void expect_enable(u32 cpu, u32 word, u32 wanted) {
  expect(CHIP_EN(cpu, word), wanted);
  expect(CHIP_EN_W1S(cpu, word), wanted);
  expect(CHIP_EN_W1C(cpu, word), wanted);
}

/* Enables of all eight, those that have no vCPU too. */
static void test_enables(void) {
  for (u32 cpu = 0; cpu < SMP_MAX; cpu++)
    for (u32 word = 0; word < 2; word++) {
      u32 all = FREE_LINES(word);
      CHIP_EN_W1S(cpu, word) = 0x5a5a5a5a & all;
      expect_enable(cpu, word, 0x5a5a5a5a & all);
      CHIP_EN_W1S(cpu, word) = 0x0ff00ff0 & all;
      expect_enable(cpu, word, 0x5ffa5ffa & all);
      CHIP_EN_W1C(cpu, word) = 0xff00ff00;
      expect_enable(cpu, word, 0x00fa00fa & all);
      for (u32 other = 0; other < SMP_MAX; other++)
        if (other != cpu) expect_enable(other, word, 0);
      expect_enable(cpu, !word, 0);
      CHIP_EN(cpu, word) = 0;
      expect_enable(cpu, word, 0);
    }
  check(finish() == 0, "enables", "set and clear for each of 8 cpus and no other");
}

static void test_source(void) {
  u32 box = BOX_CALL(7); /* may belong to nobody */
  for (u32 cpu = 0; cpu < SMP_MAX; cpu++) expect(CHIP_SRC(cpu, 1) & box, 0);
  CHIP_RAW_W1S(1) = box;
  for (u32 cpu = 0; cpu < SMP_MAX; cpu++) expect(CHIP_SRC(cpu, 1) & box, 0);
  CHIP_EN_W1S(0, 1) = box;
  expect(CHIP_SRC(0, 1), box);
  for (u32 cpu = 1; cpu < SMP_MAX; cpu++) expect(CHIP_SRC(cpu, 1) & box, 0);
  CHIP_RAW_W1C(1) = box;
  expect(CHIP_SRC(0, 1), 0);
  CHIP_EN_W1C(0, 1) = box;
  check(finish() == 0, "source", "raw and enabled, per cpu");
}

static void test_level(void) {
  u32 box = BOX_CALL(0);
  CHIP_EN_W1C(0, 1) = box;
  CHIP_RAW_W1S(1) = box;
  expect(get_cause() & IP2, 0); /* pending and disabled */
  CHIP_EN_W1S(0, 1) = box;
  expect(get_cause() & IP2, IP2); /* enabled while pending */
  CHIP_EN_W1C(0, 1) = box;
  expect(get_cause() & IP2, 0);
  CHIP_EN_W1S(0, 1) = box;
  CHIP_EN_W1S(0, 1) = BOX_WAKE(0);
  CHIP_RAW_W1S(1) = BOX_WAKE(0); /* two lines, one output */
  CHIP_RAW_W1C(1) = box;
  expect(get_cause() & IP2, IP2);
  CHIP_RAW_W1C(1) = BOX_WAKE(0);
  expect(get_cause() & IP2, 0);
  CHIP_EN_W1S(0, 0) = 1u << 31; /* the lower word as well */
  CHIP_RAW_W1S(0) = 1u << 31;
  expect(get_cause() & IP2, IP2);
  expect(CHIP_SRC(0, 0), 1u << 31);
  CHIP_RAW_W1C(0) = 1u << 31;
  expect(get_cause() & IP2, 0);
  CHIP_EN_W1C(0, 0) = 1u << 31;
  check(finish() == 0, "level", "IP2 follows raw and enable at once");
}

/* Interrupts that vCPU 0 takes: the handler acknowledges only when told to. */
static volatile u32 taken, taken_pending;
static volatile u32 until_acknowledge;

static void on_interrupt(struct exc_frame *frame) {
  if (CA_CODE(frame->cause) != EX_INT || !(frame->cause & IP2)) wrong++;
  taken++;
  taken_pending = CHIP_SRC(0, 1);
  if (taken >= until_acknowledge) box_take(taken_pending);
}

static void expect_taken(u32 count) {
  expect(taken, count);
  taken = 0;
}

static void test_self(void) {
  u32 box = BOX_CALL(0);
  exc_hook = on_interrupt;
  until_acknowledge = 1;
  set_status(SMP_STATUS | ST_IE);
  CHIP_RAW_W1S(1) = box;
  expect(CHIP_RAW(1) & box, 0); /* the handler has been here */
  expect(taken_pending, box);
  expect_taken(1);
  check(finish() == 0, "self", "an IPI to oneself is taken at once");

  set_status(SMP_STATUS);
  CHIP_RAW_W1S(1) = box;
  expect_taken(0);
  expect(get_cause() & IP2, IP2);
  set_status(SMP_STATUS | ST_IE);
  expect_taken(1);
  set_status(ST_IE); /* IE without IM2 */
  CHIP_RAW_W1S(1) = box;
  expect_taken(0);
  set_status(SMP_STATUS | ST_IE);
  expect_taken(1);
  set_status(SMP_STATUS | ST_IE | ST_EXL);
  CHIP_RAW_W1S(1) = box;
  expect_taken(0);
  set_status(SMP_STATUS | ST_IE);
  expect_taken(1);
  check(finish() == 0, "interrupts-off", "taken when IE, IM2 and EXL let it through");

  CHIP_EN_W1C(0, 1) = box;
  CHIP_RAW_W1S(1) = box;
  expect_taken(0);
  CHIP_EN_W1S(0, 1) = box;
  expect(CHIP_RAW(1) & box, 0);
  expect_taken(1);
  check(finish() == 0, "enabled-while-pending", "taken when its enable is set");

  until_acknowledge = 5;
  CHIP_RAW_W1S(1) = box;
  expect(CHIP_RAW(1) & box, 0);
  expect_taken(5);
  check(finish() == 0, "not-acknowledged", "a level is taken again until it falls");
  set_status(SMP_STATUS);
  exc_hook = 0;
}

/* Nobody but vCPU 0 listens meanwhile: the others sleep. */
void test_irqchip(void) {
  smp_settle();
  EACH_CPU(cpu) CHIP_EN(cpu, 1) = 0;
  test_sizes();
  test_raw();
  test_ignored();
  test_enables();
  test_source();
  test_level();
  test_self();
  EACH_CPU(cpu) CHIP_EN(cpu, 1) = BOX_BOTH(cpu);
}
