;; little endian
region of 4 blocks, 8 instructions
block 0 at 0x40010000 <entry> (entry, 2 counted)
  0x40010000  12000002  beqz $s0, 0x4001000c
  0x40010004  00000000  nop
  -> taken: block 2 at 0x4001000c <middle>
  -> not taken: block 1 at 0x40010008 <top>
block 1 at 0x40010008 <top> (entry, loop header, 1 counted)
  0x40010008  8d110000  lw $s1, 0($t0)
  -> block 2 at 0x4001000c <middle>
block 2 at 0x4001000c <middle> (entry, loop header, 3 counted)
  0x4001000c  26520001  addiu $s2, $s2, 1
  0x40010010  1651fffd  bne $s2, $s1, 0x40010008
  0x40010014  00000000  nop
  -> taken: block 1 at 0x40010008 <top>
  -> not taken: block 3 at 0x40010018
block 3 at 0x40010018 (2 counted)
  0x40010018  03e00008  jr $ra
  0x4001001c  00000000  nop
  -> out, to where the register says
loops
  block 0
  loop, header 2 1, entered at 2 1
    block 2
    block 1
  block 3
function, 325 bytes
block
  block
    block
      block
        local.get $block
        i32.const 2
        i32.eq
        br_if 1
        local.get $block
        i32.const 1
        i32.eq
        br_if 1
        br 0
      end
      local.get $left
      i32.const 2
      i32.lt_s
      if
        i32.const 1073807360 (;0x40010000;)
        local.set $pc
        br 3
      end
      local.get $left
      i32.const -2
      i32.add
      local.set $left
      i32.const 0
      i32.load offset=1088 (;gpr[16];)
      local.set $gpr[16]
      local.get $gpr[16]
      i32.const 0
      i32.eq
      local.set $condition
      local.get $condition
      if
        i32.const 2
        local.set $block
        br 1
      end
      i32.const 1
      local.set $block
      br 0
    end
    loop
      block
        block
          local.get $block
          i32.const 1
          i32.eq
          br_if 1
          br 0
        end
        local.get $left
        i32.const 5
        i32.lt_s
        if
          i32.const 1073807372 (;0x4001000c;)
          local.set $pc
          br 4
        end
        local.get $left
        i32.const -3
        i32.add
        local.set $left
        i32.const 0
        i32.load offset=1096 (;gpr[18];)
        local.set $gpr[18]
        i32.const 0
        i32.load offset=1092 (;gpr[17];)
        local.set $gpr[17]
        local.get $gpr[18]
        i32.const 1
        i32.add
        local.set $gpr[18]
        i32.const 0
        local.get $gpr[18]
        i32.store offset=1096 (;gpr[18];)
        local.get $gpr[18]
        local.get $gpr[17]
        i32.ne
        local.set $condition
        local.get $condition
        if
          i32.const 1
          local.set $block
          br 2
        end
        br 2
      end
      local.get $left
      i32.const 1
      i32.lt_s
      if
        i32.const 1073807368 (;0x40010008;)
        local.set $pc
        br 3
      end
      local.get $left
      i32.const -1
      i32.add
      local.set $left
      i32.const 0
      i32.load offset=1056 (;gpr[8];)
      local.set $gpr[8]
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
        i32.const 1
        i32.add
        local.set $left
        i32.const 1073807368 (;0x40010008;)
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
      local.set $gpr[17]
      i32.const 0
      local.get $gpr[17]
      i32.store offset=1092 (;gpr[17];)
      i32.const 2
      local.set $block
      br 0
      unreachable
    end
  end
  local.get $left
  i32.const -2
  i32.add
  local.set $left
  i32.const 0
  i32.load offset=1148 (;gpr[31];)
  local.set $gpr[31]
  local.get $gpr[31]
  local.set $target
  local.get $target
  local.set $pc
  local.get $left
  local.get $pc
  return
end
local.get $left
local.get $pc
