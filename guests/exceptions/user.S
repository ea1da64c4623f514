/*
 * User-mode snippets, copied to one frame and entered at USER_VA. Each ends in an exception of its own or in a SYSCALL.
 * The table gives the entry, the instruction EPC must name, ExcCode, Cause.BD, what BadVAddr must be (1: the address in
 * a0), what is to be looked at besides (CE), and the name.
 */
#include "guest.h"
#include "test.h"

  .set noreorder
  .set noat

  .macro entry name, code, flags
  .section .rodata
  .word 90b - user_code, 91b - user_code, \code, \flags, 93f
93:
  .asciz "\name"
  .balign 4
  .text
  .endm

/* The instruction raises code; reached straight and in the slot of a taken branch. */
  .macro raises name, code, insn:vararg
90:
91:
  \insn
  syscall
  entry "\name", \code, 0
90:
91:
  b 92f
  \insn
92:
  syscall
  entry "\name-slot", \code, SLOT
  .endm

/* The instructions go through, and the SYSCALL behind them is what is seen. */
  .macro passes name, insn:vararg
90:
  \insn
91:
  syscall
  entry "\name", EX_SYS, 0
  .endm

  .text
  .balign 4096
  .globl user_code
user_code:
  .section .rodata
  .balign 4
  .globl user_table
user_table:
  .text
  raises "break", EX_BP, break
  raises "teq", EX_TR, teq $zero, $zero
  raises "reserved", EX_RI, .word 0xec000000
  raises "mfc0", EX_CPU, mfc0 $t3, C0_STATUS
  raises "mtc0", EX_CPU, mtc0 $t3, C0_STATUS
  raises "tlbwi", EX_CPU, tlbwi
  raises "tlbwr", EX_CPU, tlbwr
  raises "tlbr", EX_CPU, tlbr
  raises "tlbp", EX_CPU, tlbp
  raises "di", EX_CPU, di
  raises "ei", EX_CPU, ei
  raises "cache", EX_CPU, cache 0x15, 0($a0)
  raises "rdpgpr", EX_CPU, .word 0x41485800
  raises "wrpgpr", EX_CPU, .word 0x41c85800
  raises "wait", EX_CPU, wait
  passes "nothing", nop
  passes "ll", ll $t3, 0($a1)
  raises "eret", EX_CPU, eret
90:
91:
  b 92f
  b 92f
92:
  syscall
  entry "branch-in-slot", EX_RI, SLOT
  .section .rodata
  .globl user_table_end
user_table_end:
  .text

  .globl user_load, user_store, user_jump, user_load_slot, user_store_slot, user_rdhwr_cc, user_rdhwr_ul
  .globl user_read_cc, user_read_ul
user_load:
  lw $t3, 0($a0)
  syscall
user_store:
  sw $t3, 0($a0)
  syscall
user_jump:
  jr $a0
  nop
user_load_slot:
  b 1f
  lw $t3, 0($a0)
user_store_slot:
  b 1f
  sw $t3, 0($a0)
user_rdhwr_cc:
  rdhwr $t3, $2
  syscall
user_rdhwr_ul:
  rdhwr $v1, $29
  syscall
1:
  syscall
