/*
 * Which fault is asked for, and the translation tables that the faults need: of both formats, of Hyp mode and of the second stage. Runs with the MMU off.
 */
#include "zoo.h"

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

#define RAM 0x80000000u
#define MIB 0x100000u
#define PAGE 0x1000u

/* AP[2:0] */
#define NONE_RW 1 /* PL0 none, PL1 rw */
#define R_RW 2
#define RW_RW 3
#define NONE_R 5
#define R_R 7

__attribute__((aligned(0x4000))) u32 short_first[4096];
__attribute__((aligned(0x400))) static u32 short_second[256];
__attribute__((aligned(PAGE))) u64 long_first[512];
/* Of TTBR1 when it has the upper half: a table of two entries. */
__attribute__((aligned(PAGE))) u64 long_upper[512];
__attribute__((aligned(PAGE))) static u64 long_second[512], long_third[512], long_below[512];
__attribute__((aligned(PAGE))) u64 stage2_first[512];
__attribute__((aligned(PAGE))) static u64 stage2_second[512];
__attribute__((aligned(16))) u8 stack[4096];

static u32 big_endian(const u8 *at) { return (u32)at[0] << 24 | (u32)at[1] << 16 | (u32)at[2] << 8 | at[3]; }

/* N of `fault=N`, wherever it stands in the device tree. */
u32 fault_number(const u8 *fdt) {
  static const char name[] = "fault=";
  u32 size = big_endian(fdt + 4), number = 0;
  for (u32 at = 0; at + sizeof name < size; at++) {
    u32 n = 0;
    while (name[n] && fdt[at + n] == (u8)name[n]) n++;
    if (name[n]) continue;
    for (const u8 *digit = fdt + at + n; *digit >= '0' && *digit <= '9'; digit++) number = 10 * number + *digit - '0';
    return number;
  }
  return 0;
}

/* Normal memory, write-back; domain 0. */
static u32 section(u32 to, u32 ap, u32 more) { return to | 0x100e | (ap & 3) << 10 | ap >> 2 << 15 | more; }
static u32 small_page(u32 to, u32 ap, u32 more) { return to | 0x4e | (ap & 3) << 4 | ap >> 2 << 9 | more; }

#define SECTION_XN 0x10
#define SECTION_PXN 1
#define SECTION_DOMAIN_1 0x20
#define SUPERSECTION 0x40000
#define PAGE_XN 1

void short_tables(void) {
  u32 *first = short_first;
  first[RAM / MIB] = section(RAM, RW_RW, 0);
  first[KERNEL_ONLY / MIB] = section(RAM + 2 * MIB, NONE_RW, 0);
  first[READ_ONLY / MIB] = section(RAM + 2 * MIB, NONE_R, 0);
  first[NEVER / MIB] = section(RAM + 2 * MIB, RW_RW, SECTION_XN);
  first[CLOSED / MIB] = section(RAM + 2 * MIB, RW_RW, SECTION_DOMAIN_1);
  first[PAGES / MIB] = (u32)short_second | 1;
  first[LOST / MIB] = 0x70000000 | 1; /* a table where nothing is */
  first[NOT_PL1 / MIB] = section(RAM + 2 * MIB, RW_RW, SECTION_PXN);
  for (u32 n = 0; n < 16; n++) first[FAR / MIB + n] = section(0x00100000, RW_RW, SUPERSECTION); /* to 1_00000000 */
  short_second[0] = small_page(RAM + 2 * MIB, RW_RW, 0);
  /* 1 is a hole */
  short_second[2] = small_page(RAM + 2 * MIB, RW_RW, 0);
  short_second[3] = small_page(RAM + 2 * MIB, R_R, 0);
  short_second[4] = small_page(RAM + 2 * MIB, R_RW, 0);
  short_second[5] = small_page(RAM + 2 * MIB, RW_RW, PAGE_XN);
  short_second[6] = small_page(RAM + 2 * MIB, R_RW, 0); /* AP[0], the access flag, is 0 */
}

/* Long descriptors: inner shareable, AttrIndx 0. */
#define AF 0x400
#define ALL 0x340
#define ONLY_PL1 0x300
#define READS 0x80
#define BLOCK 1
#define PAGE_OR_TABLE 3
#define TABLE_READ_ONLY (1ull << 62)
#define TABLE_XN (1ull << 60)

static u64 table(u64 *to, u64 more) { return (u32)to | PAGE_OR_TABLE | more; }

void long_tables(void) {
  u64 memory = RAM + 2 * MIB;
  long_first[1] = table(long_second, 0);
  long_first[2] = long_upper[0] = RAM | BLOCK | AF | ALL;
  long_second[0] = table(long_third, 0);
  long_second[LONG_UNUSED / (2 * MIB) % 512] = memory | BLOCK | ALL;
  long_second[LONG_NEVER / (2 * MIB) % 512] = table(long_below, TABLE_XN);
  long_second[LONG_READ_ONLY / (2 * MIB) % 512] = table(long_below, TABLE_READ_ONLY);
  long_second[LONG_KERNEL / (2 * MIB) % 512] = memory | BLOCK | AF | ONLY_PL1;
  long_third[0] = memory | PAGE_OR_TABLE | AF | ALL;
  /* 1 is a hole */
  long_third[2] = memory | PAGE_OR_TABLE | AF | ALL | READS;
  long_below[0] = memory | PAGE_OR_TABLE | AF | ALL;
}

/* The first 2 MiB of RAM to themselves, the next without writes, the next without execution, and nothing more. */
#define STAGE2_MEMORY 0x73d /* normal, AF, no rights */
#define HAP_READ 0x40
#define HAP_WRITE 0x80

void stage2_tables(void) {
  stage2_first[2] = table(stage2_second, 0);
  stage2_second[0] = RAM | STAGE2_MEMORY | HAP_READ | HAP_WRITE;
  stage2_second[1] = (RAM + 2 * MIB) | STAGE2_MEMORY | HAP_READ;
  stage2_second[2] = (RAM + 4 * MIB) | STAGE2_MEMORY | HAP_READ | HAP_WRITE | 1ull << 54;
}
