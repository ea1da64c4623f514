;; little endian
region of 3 blocks, 7 instructions
block 0 at 0x40010000 <outer> (entry, loop header, 1 counted)
  0x40010000  2411000a  li $s1, 10
  -> block 2 at 0x40010004 <inner>
block 1 at 0x40010010 (3 counted)
  0x40010010  2610ffff  addiu $s0, $s0, -1
  0x40010014  1600fffa  bnez $s0, 0x40010000
  0x40010018  00000000  nop
  -> taken: block 0 at 0x40010000 <outer>
  -> not taken: out, to 0x4001001c
block 2 at 0x40010004 <inner> (loop header, 3 counted)
  0x40010004  2631ffff  addiu $s1, $s1, -1
  0x40010008  1620fffe  bnez $s1, 0x40010004
  0x4001000c  02519021  addu $s2, $s2, $s1
  -> taken: block 2 at 0x40010004 <inner>
  -> not taken: block 1 at 0x40010010
loops
  loop, header 0, entered at 0
    block 0
    loop, header 2, entered at 2
      block 2
    block 1
function, 220 bytes
i32.const 0
i32.load offset=1092 (;gpr[17];)
local.set $gpr[17]
i32.const 0
i32.load offset=1088 (;gpr[16];)
local.set $gpr[16]
i32.const 0
i32.load offset=1096 (;gpr[18];)
local.set $gpr[18]
block
  loop
    block
      block
        local.get $left
        i32.const 1
        i32.lt_s
        if
          i32.const 1073807360 (;0x40010000;)
          local.set $pc
          br 4
        end
        local.get $left
        i32.const -1
        i32.add
        local.set $left
        i32.const 10
        local.set $gpr[17]
        br 0
      end
      loop
        local.get $left
        i32.const 6
        i32.lt_s
        if
          i32.const 1073807364 (;0x40010004;)
          local.set $pc
          br 4
        end
        local.get $left
        i32.const -3
        i32.add
        local.set $left
        local.get $gpr[17]
        i32.const -1
        i32.add
        local.set $gpr[17]
        local.get $gpr[17]
        i32.const 0
        i32.ne
        local.set $condition
        local.get $gpr[18]
        local.get $gpr[17]
        i32.add
        local.set $gpr[18]
        local.get $condition
        if
          br 1
        end
        br 1
        unreachable
      end
    end
    local.get $left
    i32.const -3
    i32.add
    local.set $left
    local.get $gpr[16]
    i32.const -1
    i32.add
    local.set $gpr[16]
    local.get $gpr[16]
    i32.const 0
    i32.ne
    local.set $condition
    local.get $condition
    if
      br 1
    end
    i32.const 1073807388 (;0x4001001c;)
    local.set $pc
    i32.const 0
    local.get $gpr[16]
    i32.store offset=1088 (;gpr[16];)
    i32.const 0
    local.get $gpr[17]
    i32.store offset=1092 (;gpr[17];)
    i32.const 0
    local.get $gpr[18]
    i32.store offset=1096 (;gpr[18];)
    local.get $left
    local.get $pc
    return
    unreachable
  end
end
i32.const 0
local.get $gpr[17]
i32.store offset=1092 (;gpr[17];)
i32.const 0
local.get $gpr[18]
i32.store offset=1096 (;gpr[18];)
i32.const 0
local.get $gpr[16]
i32.store offset=1088 (;gpr[16];)
local.get $left
local.get $pc
