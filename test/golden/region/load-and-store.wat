;; little endian
region of 1 blocks, 5 instructions
block 0 at 0x40010000 <round> (entry, loop header, 5 counted)
  0x40010000  8d090004  lw $t1, 4($t0)
  0x40010004  25290001  addiu $t1, $t1, 1
  0x40010008  ad090004  sw $t1, 4($t0)
  0x4001000c  1520fffc  bnez $t1, 0x40010000
  0x40010010  25080004  addiu $t0, $t0, 4
  -> taken: block 0 at 0x40010000 <round>
  -> not taken: out, to 0x40010014
loops
  loop, header 0, entered at 0
    block 0
function, 266 bytes
i32.const 0
i32.load offset=1056 (;gpr[8];)
local.set $gpr[8]
i32.const 0
i32.load offset=1060 (;gpr[9];)
local.set $gpr[9]
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
    i32.const -5
    i32.add
    local.set $left
    local.get $gpr[8]
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
      i32.const 5
      i32.add
      local.set $left
      i32.const 1073807360 (;0x40010000;)
      local.set $pc
      br 2
    else
      local.get $t0
      local.get $entry
      i32.add
      i32.load offset=1
      local.set $t1
    end
    local.get $t1
    local.set $gpr[9]
    local.get $gpr[9]
    i32.const 1
    i32.add
    local.set $gpr[9]
    local.get $gpr[9]
    local.set $t0
    local.get $gpr[8]
    i32.const 4
    i32.add
    local.set $t1
    local.get $tables
    local.get $t1
    i32.const 12
    i32.shr_u
    i32.const 2
    i32.shl
    i32.add
    i32.load offset=4194304 (;write table;)
    local.set $entry
    local.get $entry
    i32.const 1
    i32.add
    local.get $t1
    i32.or
    i32.const 3
    i32.and
    if
      local.get $left
      i32.const 3
      i32.add
      local.set $left
      i32.const 1073807368 (;0x40010008;)
      local.set $pc
      br 2
    else
      local.get $t1
      local.get $entry
      i32.add
      local.get $t0
      i32.store offset=1
    end
    local.get $gpr[9]
    i32.const 0
    i32.ne
    local.set $condition
    local.get $gpr[8]
    i32.const 4
    i32.add
    local.set $gpr[8]
    local.get $condition
    if
      br 1
    end
    i32.const 1073807380 (;0x40010014;)
    local.set $pc
    i32.const 0
    local.get $gpr[9]
    i32.store offset=1060 (;gpr[9];)
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
local.get $gpr[9]
i32.store offset=1060 (;gpr[9];)
i32.const 0
local.get $gpr[8]
i32.store offset=1056 (;gpr[8];)
local.get $left
local.get $pc
