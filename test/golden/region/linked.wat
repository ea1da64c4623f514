;; little endian
region of 1 blocks, 5 instructions
block 0 at 0x40010000 <round> (entry, loop header, 5 counted)
  0x40010000  c1090000  ll $t1, 0($t0)
  0x40010004  25290001  addiu $t1, $t1, 1
  0x40010008  e1090000  sc $t1, 0($t0)
  0x4001000c  1120fffc  beqz $t1, 0x40010000
  0x40010010  00000000  nop
  -> taken: block 0 at 0x40010000 <round>
  -> not taken: out, to 0x40010014
loops
  loop, header 0, entered at 0
    block 0
function, 284 bytes
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
      local.tee $t1
      i32.const 1
      i32.add
      local.set $entry
      i32.const 0
      local.get $entry
      i32.store offset=56 (;RESERVATION;)
      local.get $t1
      i32.load offset=1
      local.set $t1
    end
    local.get $t1
    local.set $gpr[9]
    i32.const 0
    i32.const 1
    i32.store offset=2188 (;llbit;)
    local.get $gpr[9]
    i32.const 1
    i32.add
    local.set $gpr[9]
    i32.const 0
    i32.load offset=2188 (;llbit;)
    local.tee $t0
    if
      local.get $gpr[9]
      local.set $t1
      local.get $gpr[8]
      local.set $t2
      local.get $tables
      local.get $t2
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
      local.get $t2
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
        br 3
      else
        local.get $t2
        local.get $entry
        i32.add
        local.get $t1
        i32.store offset=1
      end
    end
    local.get $t0
    local.set $gpr[9]
    i32.const 0
    i32.const 0
    i32.store offset=2188 (;llbit;)
    local.get $gpr[9]
    i32.const 0
    i32.eq
    local.set $condition
    local.get $condition
    if
      br 1
    end
    i32.const 1073807380 (;0x40010014;)
    local.set $pc
    i32.const 0
    local.get $gpr[9]
    i32.store offset=1060 (;gpr[9];)
    local.get $left
    local.get $pc
    return
    unreachable
  end
end
i32.const 0
local.get $gpr[9]
i32.store offset=1060 (;gpr[9];)
local.get $left
local.get $pc
