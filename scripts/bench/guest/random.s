# random COUNT: as many reads of 4 KiB from random places of the first 128 MiB of /dev/vda, past the page cache (O_DIRECT).
main:
  lui $a0, %hi(path)
  ori $a0, $a0, %lo(path)
  ori $a1, $zero, 0x8000    # O_RDONLY | O_DIRECT
  li $a2, 0
  li $v0, 4005              # open
  syscall
  bne $a3, $zero, failed
    move $s3, $v0
  li $a0, 0
  li $a1, 0x4000
  li $a2, 3                 # PROT_READ | PROT_WRITE
  li $a3, 0x802             # MAP_PRIVATE | MAP_ANONYMOUS
  li $t0, -1
  sw $t0, 16($sp)           # no file
  sw $zero, 20($sp)
  li $v0, 4090              # mmap
  syscall
  bne $a3, $zero, failed
    move $s4, $v0
  li $s5, 1
  li $s1, 0
read:
  lui $t0, 0x19             # x = x * 1664525 + 1013904223
  ori $t0, $t0, 0x660d
  mul $s5, $s5, $t0
  lui $t0, 0x3c6e
  ori $t0, $t0, 0xf35f
  addu $s5, $s5, $t0
  srl $t1, $s5, 17          # one of 32768 blocks
  sll $t1, $t1, 12
  sw $t1, 16($sp)
  sw $zero, 20($sp)
  move $a0, $s3
  move $a1, $s4
  li $a2, 4096
  li $v0, 4200              # pread64
  syscall
  bne $a3, $zero, failed
    li $t0, 4096
  bne $v0, $t0, failed
    lw $t1, 0($s4)
  sll $t3, $s2, 5
  subu $s2, $t3, $s2
  addu $s2, $s2, $t1
  addiu $s1, $s1, 1
  bne $s1, $s0, read
    nop
  b done
    nop
path:
  .word 0x7665642f          # "/dev/vda"
  .word 0x6164762f
  .word 0
