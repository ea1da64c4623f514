;; little endian
region of 1 blocks, 4 instructions
block 0 at 0x40010000 <round> (entry, loop header, 4 counted)
  0x40010000  d5020008  ldc1 $f2, 8($t0)
  0x40010004  46241000  add.d $f0, $f2, $f4
  0x40010008  1600fffd  bnez $s0, 0x40010000
  0x4001000c  2610ffff  addiu $s0, $s0, -1
  -> taken: block 0 at 0x40010000 <round>
  -> not taken: out, to 0x40010010
loops
  loop, header 0, entered at 0
    block 0
function, 394 bytes
i32.const 0
i32.load offset=1056 (;gpr[8];)
local.set $gpr[8]
i32.const 0
i32.load offset=1088 (;gpr[16];)
local.set $gpr[16]
block
  loop
    local.get $left
    i32.const 4
    i32.lt_s
    if
      i32.const 1073807360 (;0x40010000;)
      local.set $pc
      br 2
    end
    local.get $left
    i32.const -4
    i32.add
    local.set $left
    i32.const 0
    i32.load offset=4700 (;fpuRefuses;)
    i32.const 536870912 (;0x20000000;)
    i32.and
    if
      local.get $left
      i32.const 4
      i32.add
      local.set $left
      i32.const 1073807360 (;0x40010000;)
      local.set $pc
      br 2
    end
    local.get $gpr[8]
    i32.const 8
    i32.add
    local.set $t0
    local.get $t0
    local.get $t0
    i32.const 2
    i32.shr_u
    i32.const 1
    i32.and
    i32.or
    local.set $t1
    local.get $tables
    local.get $t1
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
    local.get $t1
    i32.or
    i32.const 3
    i32.and
    if
      local.get $left
      i32.const 4
      i32.add
      local.set $left
      i32.const 1073807360 (;0x40010000;)
      local.set $pc
      br 2
    else
      local.get $t1
      local.get $entry
      i32.add
      i32.load offset=1
      local.set $t2
    end
    local.get $t0
    i32.const 4
    i32.add
    local.set $t3
    local.get $tables
    local.get $t3
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
    local.get $t3
    i32.or
    i32.const 3
    i32.and
    if
      local.get $left
      i32.const 4
      i32.add
      local.set $left
      i32.const 1073807360 (;0x40010000;)
      local.set $pc
      br 2
    else
      local.get $t3
      local.get $entry
      i32.add
      i32.load offset=1
      local.set $t4
    end
    i32.const 0
    i32.load offset=4580 (;fpuSingle[2];)
    i32.const 1
    i32.shr_u
    i32.const 3
    i32.shl
    local.get $t4
    i64.extend_i32_u
    i64.const 32
    i64.shl
    local.get $t2
    i64.extend_i32_u
    i64.or
    i64.store offset=4312 (;fpr;)
    i32.const 0
    i32.load offset=4700 (;fpuRefuses;)
    i32.const 536870912 (;0x20000000;)
    i32.and
    if
      local.get $left
      i32.const 3
      i32.add
      local.set $left
      i32.const 1073807364 (;0x40010004;)
      local.set $pc
      br 2
    end
    i32.const 0
    i64.load offset=4328 (;fpr[2];)
    i32.const 0
    i64.load offset=4344 (;fpr[4];)
    call $fpuAddD
    local.set $wide0
    i32.const 0
    i32.load offset=4712 (;fpuLast;)
    local.set $t0
    local.get $t0
    i32.const -1
    i32.eq
    if
      local.get $left
      i32.const 3
      i32.add
      local.set $left
      i32.const 1073807364 (;0x40010004;)
      local.set $pc
      br 2
    end
    i32.const 0
    local.get $wide0
    i64.store offset=4312 (;fpr;)
    local.get $gpr[16]
    i32.const 0
    i32.ne
    local.set $condition
    local.get $gpr[16]
    i32.const -1
    i32.add
    local.set $gpr[16]
    local.get $condition
    if
      br 1
    end
    i32.const 1073807376 (;0x40010010;)
    local.set $pc
    i32.const 0
    local.get $gpr[16]
    i32.store offset=1088 (;gpr[16];)
    local.get $left
    local.get $pc
    return
    unreachable
  end
end
i32.const 0
local.get $gpr[16]
i32.store offset=1088 (;gpr[16];)
local.get $left
local.get $pc
