/* Where the fault zoo's tables have what: virtual addresses of both formats, and intermediate ones of the second stage. */

/* Short descriptors: sections. */
#define KERNEL_ONLY 0x40000000
#define READ_ONLY 0x40100000
#define NEVER 0x40200000
#define CLOSED 0x40300000
/* Small pages: 0 and 2 may be written, 1 is a hole, 3 is read-only, 4 for PL0 too, 5 must not be executed, 6 has no access flag. */
#define PAGES 0x40400000
#define LOST 0x40500000
#define NOT_PL1 0x40600000
#define FAR 0x41000000

/* Long descriptors: PAGES' pages 0 to 2 at 0x40000000, then blocks and tables. */
#define LONG_PAGES 0x40000000
#define LONG_UNUSED 0x40200000
#define LONG_NEVER 0x40400000
#define LONG_READ_ONLY 0x40600000
#define LONG_KERNEL 0x40800000

/* Second stage */
#define IPA_READ_ONLY 0x80200000
#define IPA_NEVER 0x80400000
#define IPA_HOLE 0x80600000
