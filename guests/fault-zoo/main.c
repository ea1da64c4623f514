/*
 * Goes wrong in one way: `fault=N`, interrupts off, after "fault-zoo: N name" on the console. Its handlers only jump to themselves, so that
 * all that a debugger may ask for stays as it was, and the run ends there (a proven hang). Without a number: the list of them.
 */
#include "zoo.h"

#define FAULTS(fault)                                                                                                  \
  fault(null_load) fault(null_store) fault(null_load_in_slot) fault(list_poison) fault(use_after_free)                 \
  fault(pointer_of_text) fault(load_unaligned) fault(store_unaligned) fault(load_linked_unaligned)                     \
  fault(write_to_constants) fault(invalid_page) fault(wrong_address_space) fault(no_mapping) fault(stack_overflow)     \
  fault(no_stack) fault(null_call) fault(jump_unaligned) fault(return_overwritten) fault(jump_to_no_code)              \
  fault(runs_off) fault(slot_not_mapped) fault(mips64_instruction) fault(dsp_instruction) fault(executes_text)         \
  fault(other_byte_order) fault(erased_flash) fault(branch_in_slot) fault(coprocessor_2) fault(floating_point_off)     \
  fault(overflow_add) fault(overflow_sub) fault(divide_by_zero) fault(divide_by_zero_break) fault(kernel_bug)          \
  fault(kernel_bug_on) fault(bounds_check) fault(fault_in_handler) fault(handler_in_boot_rom)                          \
  fault(user_reads_kernel) fault(user_jumps_to_kernel) fault(user_privileged) fault(user_thread_pointer)               \
  fault(user_error_pointer) fault(user_wild_pointer) fault(float_divide_by_zero) fault(float_invalid)                  \
  fault(float_odd_register) fault(error_pointer)

#define DECLARE(name) extern void name(void);
#define ENTRY(name) {#name, name},
FAULTS(DECLARE)

static const struct {
  const char *name;
  void (*make)(void);
} faults[] = {FAULTS(ENTRY)};
#define COUNT (sizeof faults / sizeof faults[0])

#define C3 (3 << 3)
#define D 4
#define V 2
#define LO(page, flags) (PHYS(page) >> 6 | C3 | (flags))

extern u8 user_code[];
extern u8 name_text[];
static u32 pages[4][PAGE_SIZE / 4] __attribute__((aligned(PAGE_SIZE)));

static void map(u32 index, u32 va, u32 asid, u32 lo0, u32 lo1) {
  set_index(index);
  set_pagemask(0);
  set_entryhi(va | asid);
  set_entrylo0(lo0);
  set_entrylo1(lo1);
  tlbwi();
}

static void map_pages(void) {
  map(0, USER_VA, ZOO_ASID, LO(user_code, V), 0);
  map(1, CONST_VA, ZOO_ASID, LO(pages[0], V), LO(pages[0], 0));
  map(2, OTHER_VA, OTHER_ASID, LO(pages[0], V | D), LO(pages[0], V | D));
  map(3, STACK_VA, ZOO_ASID, 0, LO(pages[1], V | D));
  map(4, RUN_OFF_VA, ZOO_ASID, LO(pages[2], V), 0);
  map(5, LAST_BRANCH_VA, ZOO_ASID, LO(pages[3], V), 0);
  pages[3][PAGE_SIZE / 4 - 1] = 0x1000ffff; /* b . */
  set_entryhi(ZOO_ASID);
}

/* b . for every exception but those that come with k1 = 0, which go to bad_handler. */
static void install_handlers(void) {
  extern void bad_handler(void);
  static const u32 offsets[] = {0x000, 0x180, 0x200};
  for (u32 i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
    u32 *handler = (u32 *)(KSEG0 + offsets[i]);
    handler[0] = 0x17600003; /* bnez $k1, 1f */
    handler[1] = 0;
    handler[2] = 0x08000000 | ((u32)bad_handler >> 2 & 0x03ffffff); /* j bad_handler */
    handler[3] = 0x241b0001; /* li $k1, 1 */
    handler[4] = 0x1000ffff; /* 1: b . */
    handler[5] = 0;
    icache_sync(handler, 6 * sizeof *handler);
  }
}

/* To user mode at `va`. */
void enter_user(u32 va) {
  set_epc(va);
  set_status(ST_UM | ST_EXL);
  __asm__ volatile("eret");
  __builtin_unreachable();
}

int main(void) {
  u32 number = (u32)arg_int("fault", 0);
  if (number == 0 || number > COUNT) {
    for (u32 i = 0; i < COUNT; i++) printf("%u %s\n", i + 1, faults[i].name);
    return 0;
  }
  printf("fault-zoo: %u %s\n", number, faults[number - 1].name);
  map_pages();
  set_status(0);
  install_handlers();
  __asm__ volatile("li $27, 1" ::: "$27"); /* k1 */
  faults[number - 1].make();
  return 98;
}
