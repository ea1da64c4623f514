;; little endian
region of 1 blocks, 2 instructions
block 0 at 0x40010000 <round> (entry, loop header, 2 counted)
  0x40010000  2610ffff  addiu $s0, $s0, -1
  0x40010004  5211fffe  beql $s0, $s1, 0x40010000
  0x40010008  8d280004  lw $t0, 4($t1)
  -> taken: block 0 at 0x40010000 <round>
  -> not taken: out, to 0x4001000c
loops
  loop, header 0, entered at 0
    block 0
function, 210 bytes
i32.const 0
i32.load offset=1088 (;gpr[16];)
local.set $gpr[16]
i32.const 0
i32.load offset=1092 (;gpr[17];)
local.set $gpr[17]
i32.const 0
i32.load offset=1060 (;gpr[9];)
local.set $gpr[9]
i32.const 0
i32.load offset=1056 (;gpr[8];)
local.set $gpr[8]
block
  loop
    local.get $left
    i32.const 3
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
    i32.const -1
    i32.add
    local.set $gpr[16]
    local.get $gpr[16]
    local.get $gpr[17]
    i32.eq
    local.set $condition
    local.get $condition
    if
      local.get $left
      i32.const -1
      i32.add
      local.set $left
      local.get $gpr[9]
      i32.const 4
      i32.add
      local.set $t0
      local.get $tables
      local.get $t0
      i32.const 12
      i32.shr_u
      i32.const 2
      i32.shl
      i32.add
      i32.load
      local.set $entry
      local.get $entry
      i32.const 1
      i32.add
      local.get $t0
      i32.or
      i32.const 3
      i32.and
      if
        local.get $left
        i32.const 2
        i32.add
        local.set $left
        i32.const 1073807364 (;0x40010004;)
        local.set $pc
        br 3
      else
        local.get $t0
        local.get $entry
        i32.add
        i32.load offset=1
        local.set $t1
      end
      local.get $t1
      local.set $gpr[8]
      br 1
    end
    i32.const 1073807372 (;0x4001000c;)
    local.set $pc
    i32.const 0
    local.get $gpr[16]
    i32.store offset=1088 (;gpr[16];)
    i32.const 0
    local.get $gpr[8]
    i32.store offset=1056 (;gpr[8];)
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
local.get $gpr[8]
i32.store offset=1056 (;gpr[8];)
local.get $left
local.get $pc
