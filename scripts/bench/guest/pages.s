# pages COUNT: as often as that, map 1 MiB, store to every 4 KiB of it, read all back, protect one half, unmap: what `bench tlb` calls
# fault, without the pointer chase before it.
main:
  li $s1, 0
churn:
  li $a0, 0
  lui $a1, 0x10             # 1 MiB
  li $a2, 3                 # PROT_READ | PROT_WRITE
  li $a3, 0x802             # MAP_PRIVATE | MAP_ANONYMOUS
  li $t0, -1
  sw $t0, 16($sp)           # no file
  sw $zero, 20($sp)
  li $v0, 4090              # mmap
  syscall
  bne $a3, $zero, failed
    move $s3, $v0
  lui $t1, 0x10
  addu $t1, $s3, $t1
  move $t0, $s3
  move $t2, $s1
store:
  sb $t2, 0($t0)
  addiu $t0, $t0, 4096
  bne $t0, $t1, store
    addiu $t2, $t2, 1
  move $t0, $s3
load:
  lbu $t2, 0($t0)
  sll $t3, $s2, 5
  subu $s2, $t3, $s2
  addiu $t0, $t0, 4096
  bne $t0, $t1, load
    addu $s2, $s2, $t2
  move $a0, $s3
  lui $a1, 0x8              # 512 KiB
  li $a2, 1                 # PROT_READ
  li $v0, 4125              # mprotect
  syscall
  bne $a3, $zero, failed
    move $a0, $s3
  lui $a1, 0x10
  li $v0, 4091              # munmap
  syscall
  bne $a3, $zero, failed
    addiu $s1, $s1, 1
  bne $s1, $s0, churn
    nop
  b done
    nop
