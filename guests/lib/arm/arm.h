/*
 * The small world of the ARM guest programs: entry in Hyp or SVC mode, console, PSCI, power-off. TE=1 (the shipped one) is for board
 * `arm-virt`; TE=0 is for QEMU's virt, to check the programs against another CPU model.
 */
#ifndef ARM_H
#define ARM_H

#if TE
#define RAM 0x80000000
#else
#define RAM 0x40000000
#endif
/* Of translations, below the program. */
#define TABLE (RAM + 0x4000)
#define STACK_SIZE 4096
#define MAX_CPUS 8

#ifndef __ASSEMBLER__
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

/* The mode of CPSR that the first CPU was entered in. */
#define MODE_HYP 0x1a
extern u32 entry_mode;
/* Where CPU_ON lets a CPU begin; the context is its number, and smp_main gets it. */
extern const u8 secondary_start[];

void text(const char *string);
void number(u32 value);
void hex(u32 value);

/* PSCI 0.2, by SMC for who was entered in Hyp mode, else by HVC. */
#define PSCI_CPU_OFF 0x84000002
#define PSCI_CPU_ON 0x84000003
#define PSCI_AFFINITY_INFO 0x84000004
#define PSCI_SYSTEM_OFF 0x84000008
int psci(u32 function, u32 a, u32 b, u32 c);
__attribute__((noreturn)) void power_off(void);

void guest_main(void);
void smp_main(u32 cpu);
#endif
#endif
