# What the programs here begin with: the first argument as a number in $s0, an argument area of 32 bytes, and two ways to end.
# No delay slot is filled unless a line after a branch is indented twice.
start:
  lw $t0, 8($sp)            # argv[1]
  li $s0, 0
digit:
  lbu $t1, 0($t0)
  beq $t1, $zero, parsed
    addiu $t1, $t1, -48
  sll $t2, $s0, 3
  sll $t3, $s0, 1
  addu $s0, $t2, $t3
  addu $s0, $s0, $t1
  b digit
    addiu $t0, $t0, 1
parsed:
  addiu $sp, $sp, -32
  b main
    li $s2, 0               # what was seen, hashed
done:
  srl $a0, $s2, 25          # its upper 7 bits
  li $v0, 4001              # exit
  syscall
failed:
  li $a0, 255
  li $v0, 4001              # exit
  syscall
