;; little endian
region of 2 blocks, 4 instructions
block 0 at 0x40010ff8 <round> (entry, loop header, 2 counted)
  0x40010ff8  2610ffff  addiu $s0, $s0, -1
  0x40010ffc  26310001  addiu $s1, $s1, 1
  -> block 1 at 0x40011000
block 1 at 0x40011000 (2 counted)
  0x40011000  1600fffd  bnez $s0, 0x40010ff8
  0x40011004  00000000  nop
  -> taken: block 0 at 0x40010ff8 <round>
  -> not taken: out, to 0x40011008
loops
  loop, header 0, entered at 0
    block 0
    block 1
function, 185 bytes
i32.const 0
i32.load offset=1088 (;gpr[16];)
local.set $gpr[16]
i32.const 0
i32.load offset=1092 (;gpr[17];)
local.set $gpr[17]
block
  loop
    block
      local.get $left
      i32.const 4
      i32.lt_s
      if
        i32.const 1073811448 (;0x40010ff8;)
        local.set $pc
        br 3
      end
      local.get $left
      i32.const -2
      i32.add
      local.set $left
      local.get $gpr[16]
      i32.const -1
      i32.add
      local.set $gpr[16]
      local.get $gpr[17]
      i32.const 1
      i32.add
      local.set $gpr[17]
      local.get $tables
      i32.load offset=9437252 (;fetch entry of page 0x40011;)
      i32.const 0
      i32.ne
      if
        i32.const 1073811456 (;0x40011000;)
        local.set $pc
        br 3
      end
      br 0
    end
    local.get $left
    i32.const -2
    i32.add
    local.set $left
    local.get $gpr[16]
    i32.const 0
    i32.ne
    local.set $condition
    local.get $condition
    if
      local.get $tables
      i32.load offset=9437248 (;fetch entry of page 0x40010;)
      i32.const 0
      i32.ne
      if
        i32.const 1073811448 (;0x40010ff8;)
        local.set $pc
        br 3
      end
      br 1
    end
    i32.const 1073811464 (;0x40011008;)
    local.set $pc
    i32.const 0
    local.get $gpr[16]
    i32.store offset=1088 (;gpr[16];)
    i32.const 0
    local.get $gpr[17]
    i32.store offset=1092 (;gpr[17];)
    local.get $left
    local.get $pc
    return
    unreachable
  end
end
i32.const 0
local.get $gpr[16]
i32.store offset=1088 (;gpr[16];)
i32.const 0
local.get $gpr[17]
i32.store offset=1092 (;gpr[17];)
local.get $left
local.get $pc
