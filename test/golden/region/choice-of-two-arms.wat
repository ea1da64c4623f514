;; little endian
region of 1 blocks, 2 instructions
block 0 at 0x40010000 <round> (entry, loop header, 2 counted)
  0x40010000  12110004  beq $s0, $s1, 0x40010014
  0x40010004  26100001  addiu $s0, $s0, 1
  0x40010014  02519021  addu $s2, $s2, $s1
  0x40010018  1000fff9  b 0x40010000
  0x4001001c  26490002  addiu $t1, $s2, 2
  0x40010008  02509021  addu $s2, $s2, $s0
  0x4001000c  1000fffc  b 0x40010000
  0x40010010  26480001  addiu $t0, $s2, 1
  -> both ways are computed, 3 counted when taken, else 3
  -> block 0 at 0x40010000 <round>
loops
  loop, header 0, entered at 0
    block 0
function, 214 bytes
i32.const 0
i32.load offset=1088 (;gpr[16];)
local.set $gpr[16]
i32.const 0
i32.load offset=1092 (;gpr[17];)
local.set $gpr[17]
i32.const 0
i32.load offset=1096 (;gpr[18];)
local.set $gpr[18]
i32.const 0
i32.load offset=1060 (;gpr[9];)
local.set $gpr[9]
i32.const 0
i32.load offset=1056 (;gpr[8];)
local.set $gpr[8]
block
  loop
    local.get $left
    i32.const 5
    i32.lt_s
    if
      i32.const 1073807360 (;0x40010000;)
      local.set $pc
      br 2
    end
    local.get $left
    i32.const -2
    i32.add
    local.set $left
    local.get $gpr[16]
    local.get $gpr[17]
    i32.eq
    local.set $condition
    local.get $gpr[16]
    i32.const 1
    i32.add
    local.set $gpr[16]
    local.get $gpr[18]
    local.set $choice0
    local.get $gpr[9]
    local.set $choice1
    local.get $gpr[8]
    local.set $choice2
    local.get $gpr[18]
    local.get $gpr[17]
    i32.add
    local.set $gpr[18]
    local.get $gpr[18]
    i32.const 2
    i32.add
    local.set $gpr[9]
    local.get $gpr[18]
    local.set $choice3
    local.get $choice0
    local.set $gpr[18]
    local.get $gpr[9]
    local.set $choice4
    local.get $choice1
    local.set $gpr[9]
    local.get $gpr[18]
    local.get $gpr[16]
    i32.add
    local.set $gpr[18]
    local.get $gpr[18]
    i32.const 1
    i32.add
    local.set $gpr[8]
    local.get $choice3
    local.get $gpr[18]
    local.get $condition
    select
    local.set $gpr[18]
    local.get $choice4
    local.get $gpr[9]
    local.get $condition
    select
    local.set $gpr[9]
    local.get $choice2
    local.get $gpr[8]
    local.get $condition
    select
    local.set $gpr[8]
    local.get $left
    i32.const -3
    i32.add
    local.set $left
    br 0
    unreachable
  end
end
i32.const 0
local.get $gpr[16]
i32.store offset=1088 (;gpr[16];)
i32.const 0
local.get $gpr[18]
i32.store offset=1096 (;gpr[18];)
i32.const 0
local.get $gpr[9]
i32.store offset=1060 (;gpr[9];)
i32.const 0
local.get $gpr[8]
i32.store offset=1056 (;gpr[8];)
local.get $left
local.get $pc
