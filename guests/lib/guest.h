/*
 * The small world every guest program is written against: segment map, CP0 access, exception frame, console, exit.
 *
 * Two builds share the sources. TE=1 (the shipped one) is for a trap-and-emulate guest on board `mips-paravirt`:
 * everything lies below 0x80000000 and devices answer at host KSEG0. TE=0 is the ordinary MIPS segment map on QEMU's
 * Malta; it exists to check these programs against an independent CPU model (and for bench, to compare speeds).
 */
#ifndef GUEST_H
#define GUEST_H

#if TE
#define KSEG0 0x40000000 /* physical = VA & 0x1fffffff */
#define KSEG2 0x60000000 /* mapped, kernel only */
#define IO_BASE 0x80000000 /* host KSEG0: an address error for the host, so an MMIO exit */
#else
#define KSEG0 0x80000000
#define KSEG2 0xc0000000
#define IO_BASE 0xa0000000
#endif

/* Status */
#define ST_IE 0x00000001
#define ST_EXL 0x00000002
#define ST_ERL 0x00000004
#define ST_UM 0x00000010
#define ST_IM(n) (0x100 << (n))
#define ST_IM_ALL 0x0000ff00
#define ST_BEV 0x00400000
/* Cause */
#define CA_CODE(cause) (((cause) >> 2) & 31)
#define CA_IP(n) (0x100 << (n))
#define CA_IV 0x00800000
#define CA_DC 0x08000000
#define CA_TI 0x40000000
#define CA_BD 0x80000000
/* Cause.ExcCode */
#define EX_INT 0
#define EX_MOD 1
#define EX_TLBL 2
#define EX_TLBS 3
#define EX_ADEL 4
#define EX_ADES 5
#define EX_SYS 8
#define EX_BP 9
#define EX_RI 10
#define EX_CPU 11
#define EX_OV 12
#define EX_TR 13

/* Word offsets in struct exc_frame, for start.S. */
#define FR_HI 32
#define FR_LO 33
#define FR_STATUS 34
#define FR_CAUSE 35
#define FR_EPC 36
#define FR_BADVADDR 37
#define FR_ENTRYHI 38
#define FR_CONTEXT 39
#define FR_VECTOR 40
#define FR_WORDS 41

#ifdef __ASSEMBLER__
/* CP0 registers of select 0, for MFC0 and MTC0 in assembly */
#define C0_ENTRYHI $10
#define C0_CONTEXT $4
#define C0_USERLOCAL $4, 2
#define C0_BADVADDR $8
#define C0_STATUS $12
#define C0_CAUSE $13
#define C0_EPC $14
#define C0_ERROREPC $30
#else

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

#if defined(__MIPSEB__)
#define BIG_ENDIAN 1
#else
#define BIG_ENDIAN 0
#endif

/* CP0 by register number and select; a write is followed by EHB so that it holds from the next instruction on. */
#define MFC0(rd, sel)                                                                                                  \
  ({                                                                                                                   \
    u32 value_;                                                                                                        \
    __asm__ volatile("mfc0 %0, $" #rd ", " #sel : "=r"(value_)::"memory");                                             \
    value_;                                                                                                            \
  })
#define MTC0(rd, sel, value)                                                                                           \
  do {                                                                                                                 \
    u32 value_ = (value);                                                                                              \
    __asm__ volatile("mtc0 %0, $" #rd ", " #sel "\n\tehb" ::"r"(value_) : "memory");                                   \
  } while (0)

#define get_index() MFC0(0, 0)
#define set_index(v) MTC0(0, 0, v)
#define get_random() MFC0(1, 0)
#define get_entrylo0() MFC0(2, 0)
#define set_entrylo0(v) MTC0(2, 0, v)
#define get_entrylo1() MFC0(3, 0)
#define set_entrylo1(v) MTC0(3, 0, v)
#define get_context() MFC0(4, 0)
#define set_context(v) MTC0(4, 0, v)
#define get_userlocal() MFC0(4, 2)
#define set_userlocal(v) MTC0(4, 2, v)
#define get_pagemask() MFC0(5, 0)
#define set_pagemask(v) MTC0(5, 0, v)
#define get_wired() MFC0(6, 0)
#define set_wired(v) MTC0(6, 0, v)
#define get_hwrena() MFC0(7, 0)
#define set_hwrena(v) MTC0(7, 0, v)
#define get_badvaddr() MFC0(8, 0)
#define get_count() MFC0(9, 0)
#define set_count(v) MTC0(9, 0, v)
#define get_entryhi() MFC0(10, 0)
#define set_entryhi(v) MTC0(10, 0, v)
#define get_compare() MFC0(11, 0)
#define set_compare(v) MTC0(11, 0, v)
#define get_status() MFC0(12, 0)
#define set_status(v) MTC0(12, 0, v)
#define get_intctl() MFC0(12, 1)
#define get_cause() MFC0(13, 0)
#define set_cause(v) MTC0(13, 0, v)
#define get_epc() MFC0(14, 0)
#define set_epc(v) MTC0(14, 0, v)
#define get_prid() MFC0(15, 0)
#define get_ebase() MFC0(15, 1)
#define set_ebase(v) MTC0(15, 1, v)
#define get_config() MFC0(16, 0)
#define get_config1() MFC0(16, 1)
#define get_config3() MFC0(16, 3)
#define get_config7() MFC0(16, 7)
#define CONFIG7_WII 0x80000000 /* WAIT ends on a pending unmasked interrupt even while Status.IE is 0 */

#define tlbwi() __asm__ volatile("tlbwi\n\tehb" ::: "memory")
#define tlbwr() __asm__ volatile("tlbwr\n\tehb" ::: "memory")
#define tlbr() __asm__ volatile("ehb\n\ttlbr\n\tehb" ::: "memory")
#define tlbp() __asm__ volatile("ehb\n\ttlbp\n\tehb" ::: "memory")
#define irq_enable() __asm__ volatile("ei\n\tehb" ::: "memory")
#define irq_disable() __asm__ volatile("di\n\tehb" ::: "memory")
#define cpu_wait() __asm__ volatile("wait" ::: "memory")
#define barrier() __asm__ volatile("sync" ::: "memory")

#define PHYS(p) ((u32)(p) & 0x1fffffff)
#define KSEG0_PTR(phys) ((void *)((phys) | KSEG0))

/* What the exception entry of start.S saves; a hook may change it (epc, status, registers) before the ERET. */
struct exc_frame {
  u32 r[32]; /* r[26], r[27] (k0, k1) are not kept */
  u32 hi, lo, status, cause, epc, badvaddr, entryhi, context;
  u32 vector; /* 0x000, 0x080, 0x100, 0x180 or 0x200: which vector was entered */
};

/* The hook gets every exception; without one an exception is reported and ends the guest with code 98. */
extern void (*exc_hook)(struct exc_frame *frame);
void exc_install(u32 ebase);
void exc_report(const struct exc_frame *frame);
/* Makes stored instructions visible to fetch; start in KSEG0, length in bytes. */
void icache_sync(void *start, u32 length);

/* CP0 as the loader left it, and the entry arguments. */
struct boot_state {
  u32 status, cause, ebase, a0, a1, a2, a3;
};
extern struct boot_state boot_state;

/* Console: virtio-console when the board has one, else hypercall 8 (TE=0: the Malta 16550). */
void console_init(void);
void console_write(const char *bytes, u32 length);
int console_getc(void); /* next received byte, or -1; interrupts off once console_irq_enable was called */
void console_irq_enable(void); /* route the console's interrupt line to IP2 (Status bits are the caller's) */
void console_irq(void); /* acknowledge it and take in what arrived */
const char *console_name(void);

__attribute__((format(printf, 1, 2))) void printf(const char *format, ...);
void *memcpy(void *to, const void *from, unsigned long n);
void *memset(void *to, int byte, unsigned long n);
unsigned long strlen(const char *s);
int strcmp(const char *a, const char *b);

/* Arguments are all words of all argv strings. Value of `key=value`, else NULL; terminated by a blank or NUL. */
const char *arg_value(const char *key);
int arg_flag(const char *word);
int arg_int(const char *key, int otherwise);
int word_is(const char *text, const char *word); /* text up to a blank or its end equals word */
int parse_int(const char *text);
int arg_count(void);
const char *arg_text(int i);

#define HC_GET_CLOCK_FREQ 6
#define HC_EXIT_VM 7
#define HC_CONSOLE_OUTPUT 8
#define EXIT_WITH_CODE 0x7473766d /* a1 of hypercall 7: a0 is an exit code */
u32 hypercall(u32 number, u32 a0, u32 a1, u32 a2);
__attribute__((noreturn)) void guest_exit(int code);

int main(void);

#endif
#endif
