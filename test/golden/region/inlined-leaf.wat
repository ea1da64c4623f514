;; little endian
region of 3 blocks, 7 instructions
block 0 at 0x40010000 <round> (entry, loop header, 2 counted)
  0x40010000  0c004006  jal 0x40010018
  0x40010004  2610ffff  addiu $s0, $s0, -1
  -> taken: block 2 at 0x40010018 <leaf>
block 1 at 0x40010008 (2 counted)
  0x40010008  1600fffd  bnez $s0, 0x40010000
  0x4001000c  00000000  nop
  -> taken: block 0 at 0x40010000 <round>
  -> not taken: out, to 0x40010010
block 2 at 0x40010018 <leaf> (inlined call 1, 3 counted)
  0x40010018  00501021  addu $v0, $v0, $s0
  0x4001001c  03e00008  jr $ra
  0x40010020  00000000  nop
  -> likely: block 1 at 0x40010008
  -> else out, to where the register says
loops
  loop, header 0, entered at 0
    block 0
    block 2
    block 1
function, 230 bytes
i32.const 0
i32.load offset=1148 (;gpr[31];)
local.set $gpr[31]
i32.const 0
i32.load offset=1088 (;gpr[16];)
local.set $gpr[16]
i32.const 0
i32.load offset=1032 (;gpr[2];)
local.set $gpr[2]
block
  loop
    block
      block
        local.get $left
        i32.const 7
        i32.lt_s
        if
          i32.const 1073807360 (;0x40010000;)
          local.set $pc
          br 4
        end
        local.get $left
        i32.const -2
        i32.add
        local.set $left
        local.get $gpr[16]
        i32.const -1
        i32.add
        local.set $gpr[16]
        i32.const 1073807368 (;0x40010008;)
        local.set $gpr[31]
        br 0
      end
      local.get $left
      i32.const -3
      i32.add
      local.set $left
      local.get $gpr[2]
      local.get $gpr[16]
      i32.add
      local.set $gpr[2]
      local.get $gpr[31]
      local.set $target
      local.get $target
      i32.const 1073807368 (;0x40010008;)
      i32.eq
      if
        br 1
      end
      local.get $target
      local.set $pc
      i32.const 0
      local.get $gpr[2]
      i32.store offset=1032 (;gpr[2];)
      i32.const 0
      local.get $gpr[31]
      i32.store offset=1148 (;gpr[31];)
      i32.const 0
      local.get $gpr[16]
      i32.store offset=1088 (;gpr[16];)
      local.get $left
      local.get $pc
      return
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
      br 1
    end
    i32.const 1073807376 (;0x40010010;)
    local.set $pc
    i32.const 0
    local.get $gpr[2]
    i32.store offset=1032 (;gpr[2];)
    i32.const 0
    local.get $gpr[31]
    i32.store offset=1148 (;gpr[31];)
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
i32.const 0
local.get $gpr[31]
i32.store offset=1148 (;gpr[31];)
i32.const 0
local.get $gpr[2]
i32.store offset=1032 (;gpr[2];)
local.get $left
local.get $pc
