/* Where the vCPUs but the first come from the common entry: each waits until the first has set up memory, then starts C
   on its own stack. */
#include "guest.h"
#include "smp/area.h"
#include "smp/smp.h"

  .set noreorder
  .set noat

  .text
  .globl smp_secondary
smp_secondary: /* t0: the number of this vCPU */
  lui $t1, %hi(smp_open)
1:
  lw $t2, %lo(smp_open)($t1)
  beqz $t2, 1b
  nop
  sync
  sll $t1, $t0, AREA_SHIFT
  lui $t2, %hi(smp_areas)
  addiu $t2, $t2, %lo(smp_areas)
  addu $t1, $t1, $t2
  mtc0 $t1, C0_USERLOCAL
  addiu $sp, $t1, AREA_STACK - 32
  lui $t9, %hi(smp_secondary_main)
  addiu $t9, $t9, %lo(smp_secondary_main)
  jalr $t9
  move $a0, $t0
2:
  b 2b
  nop

  .data
  .globl smp_open
  .balign 4
smp_open: /* not in .bss, which the first vCPU clears while others look here */
  .word 0

  .bss
  .globl smp_areas
  .balign 64
smp_areas:
  .space SMP_MAX * AREA_BYTES
