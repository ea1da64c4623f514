/* Bringing vCPUs up and giving them work. */
#include "smp/smp.h"

u32 smp_cpus;
extern volatile u32 smp_open;
void smp_secondary_main(u32 cpu);

static volatile u32 online, done, rounds;
static smp_work volatile current;

static void enter_rest(u32 cpu) {
  set_status(0);
  box_take(BOX_BOTH(cpu));
  CHIP_EN(cpu, 0) = 0;
  CHIP_EN(cpu, 1) = BOX_BOTH(cpu);
  set_status(SMP_STATUS);
}

void smp_sleep(volatile u32 *word, u32 until_not) {
  u32 mine = BOX_WAKE(cpu_number());
  for (;;) {
    box_take(mine); /* before the look: what comes after it ends the WAIT */
    if (*word != until_not) return;
    cpu_wait();
  }
}

void smp_wait_ticks(u32 ticks) {
  u32 status = get_status(), due = get_count() + ticks;
  set_compare(due);
  set_status(ST_IM(7));
  while ((int)(get_count() - due) < 0) cpu_wait();
  set_compare(due - 1);
  set_status(status);
}

/* Those that have nothing to do reach their WAIT in far less than this. */
void smp_settle(void) { smp_wait_ticks(1000000); }

void smp_secondary_main(u32 cpu) {
  u32 seen = 0;
  set_ebase(KSEG0);
  enter_rest(cpu);
  atomic_add(&online, 1);
  box_post(BOX_WAKE(0));
  for (;;) {
    smp_sleep(&rounds, seen);
    seen++;
    current(cpu);
    barrier();
    atomic_add(&done, 1);
    box_post(BOX_WAKE(0));
  }
}

static u32 wake_others(void) {
  u32 bits = 0;
  for (u32 cpu = 1; cpu < smp_cpus; cpu++) bits |= BOX_WAKE(cpu);
  return bits;
}

void smp_start(void) {
  smp_cpus = (u32)arg_int("numcpus", 1);
  enter_rest(0);
  online = 1;
  barrier();
  smp_open = 1;
  for (u32 seen = online; seen != smp_cpus; seen = online) smp_sleep(&online, seen);
}

void smp_run(smp_work work) {
  current = work;
  done = 1;
  barrier();
  rounds++;
  box_post(wake_others());
  work(0);
  for (u32 seen = done; seen != smp_cpus; seen = done) smp_sleep(&done, seen);
  barrier();
}
