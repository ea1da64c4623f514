/*
 * The faults tried at every position, one X(kind, name, what, ExcCode, offset, instruction) each. The instruction finds
 * an address in a0, 0x7fffffff in t0, 1 in t1, and its result, if any, goes to t3; offset is what it adds to a0.
 * Included by cases.S (code) and by cases.c (expectations).
 */
X("syscall", PLAIN, EX_SYS, 0, syscall)
X("break", PLAIN, EX_BP, 0, break)
X("teq", PLAIN, EX_TR, 0, teq $t1, $t1)
X("tge", PLAIN, EX_TR, 0, tge $t0, $t1)
X("tgeu", PLAIN, EX_TR, 0, tgeu $t1, $t1)
X("tlt", PLAIN, EX_TR, 0, tlt $t1, $t0)
X("tltu", PLAIN, EX_TR, 0, tltu $zero, $t1)
X("tne", PLAIN, EX_TR, 0, tne $t0, $t1)
X("teqi", PLAIN, EX_TR, 0, teqi $t1, 1)
X("tgei", PLAIN, EX_TR, 0, tgei $t1, -1)
X("tgeiu", PLAIN, EX_TR, 0, tgeiu $t0, 1)
X("tlti", PLAIN, EX_TR, 0, tlti $t1, 2)
X("tltiu", PLAIN, EX_TR, 0, tltiu $t0, -1)
X("tnei", PLAIN, EX_TR, 0, tnei $t1, 2)
X("add-overflow", PLAIN, EX_OV, 0, add $t3, $t0, $t1)
X("addi-overflow", PLAIN, EX_OV, 0, addi $t3, $t0, 1)
X("sub-overflow", PLAIN, EX_OV, 0, sub $t3, $t4, $t1)
X("reserved-special", PLAIN, EX_RI, 0, .word 0x00000014) /* DSLLV: 64-bit only */
X("reserved-major", PLAIN, EX_RI, 0, .word 0xec000000) /* major opcode 0x3b */
X("mfc1", COP1, EX_CPU, 0, .word 0x440b0000)
X("lwc1", COP1, EX_CPU, 0, .word 0xc4800000)
X("sdc1", COP1, EX_CPU, 0, .word 0xf4800000)
#if TE /* QEMU's 24Kf calls these reserved */
X("mfc2", COP2, EX_CPU, 0, .word 0x480b0000)
X("lwc2", COP2, EX_CPU, 0, .word 0xc8800000)
#endif
X("lh-unaligned", UNALIGNED, EX_ADEL, 1, lh $t3, 1($a0))
X("lhu-unaligned", UNALIGNED, EX_ADEL, 3, lhu $t3, 3($a0))
X("lw-unaligned", UNALIGNED, EX_ADEL, 2, lw $t3, 2($a0))
X("ll-unaligned", UNALIGNED, EX_ADEL, 1, ll $t3, 1($a0))
X("sh-unaligned", UNALIGNED, EX_ADES, -1, sh $t3, -1($a0))
X("sw-unaligned", UNALIGNED, EX_ADES, 2, sw $t3, 2($a0))
X("lw-refill", REFILL, EX_TLBL, 0, lw $t3, 0($a0))
X("lb-refill", REFILL, EX_TLBL, 1, lb $t3, 1($a0))
X("lhu-refill", REFILL, EX_TLBL, 2, lhu $t3, 2($a0))
X("lwl-refill", REFILL, EX_TLBL, 1, lwl $t3, 1($a0))
X("lwr-refill", REFILL, EX_TLBL, 2, lwr $t3, 2($a0))
X("ll-refill", REFILL, EX_TLBL, 4, ll $t3, 4($a0))
X("lw-base-refill", REFILL, EX_TLBL, 0, lw $a0, 0($a0))
X("sw-refill", REFILL, EX_TLBS, 4, sw $t1, 4($a0))
X("sb-refill", REFILL, EX_TLBS, 3, sb $t0, 3($a0))
X("sh-refill", REFILL, EX_TLBS, 2, sh $t0, 2($a0))
X("swl-refill", REFILL, EX_TLBS, 2, swl $t0, 2($a0))
X("swr-refill", REFILL, EX_TLBS, 1, swr $t0, 1($a0))
X("lw-invalid", INVALID, EX_TLBL, 0, lw $t3, 0($a0))
X("lbu-invalid", INVALID, EX_TLBL, 3, lbu $t3, 3($a0))
X("sw-invalid", INVALID, EX_TLBS, 0, sw $t1, 0($a0))
X("sw-modified", MODIFIED, EX_MOD, 0, sw $t1, 0($a0))
X("sb-modified", MODIFIED, EX_MOD, 3, sb $t0, 3($a0))
X("swl-modified", MODIFIED, EX_MOD, 1, swl $t0, 1($a0))
#if TE /* no fault: an access to a device, which leaves the guest in the middle of branch and slot */
X("lw-mmio", MMIO, 0, 0, lw $t3, 0($a0))
X("sw-mmio", MMIO, 0, 0x14, sw $t1, 0x14($a0))
#endif
