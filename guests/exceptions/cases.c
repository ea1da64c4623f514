/* Runs the faults of kinds.h at all positions: first to see the exception, then to see the instruction restarted. */
#include "test.h"

enum what { PLAIN, COP1, COP2, UNALIGNED, REFILL, INVALID, MODIFIED, MMIO };

static const struct kind {
  const char *name;
  enum what what;
  u32 code;
  int offset;
} kinds[] = {
#define X(name, what, code, offset, ...) {name, what, code, offset},
#include "kinds.h"
};

struct fault {
  const void *fn;
  u32 source; /* the instruction that EPC must name */
  u32 kind, flags;
  const char *position;
};
/* cases.S puts each position's name behind its entry, so entries are found by walking. */
extern const struct fault fault_table[], fault_table_end[];

static const struct fault *next(const struct fault *f) {
  return (const struct fault *)(((u32)f->position + strlen(f->position) + 1 + 3) & ~3u);
}

/* The data word lies in the odd page for KSEG2 and in the even page for user addresses. */
#define USER_DATA 0x00412344
#define KSEG2_DATA (KSEG2 + 0x13348)

static u32 *data_at(u32 va) { return &frames[0][(va & 0xfff) / 4]; }

static void fill(u32 *data) {
  data[0] = 0xb1c2d3e4;
  data[1] = 0x95a6b7c8;
}

static void map_for(enum what what, u32 va) {
  u32 flags = what == MODIFIED ? C3 | V : C3 | D, hi = (va & 0xffffe000) | (get_entryhi() & 0xff);
  tlb_flush();
  if (what == INVALID || what == MODIFIED) tlb_set(5, hi, 0, LO(frames[0], flags), LO(frames[0], flags));
}

static void try_fault(const struct fault *f, u32 va) {
  const struct kind *k = &kinds[f->kind];
  u32 badvaddr = get_badvaddr(), status = get_status();
  begin(k->name, f->position);
  if (k->what >= REFILL) map_for(k->what, va);
  expect_exception(CATCH);
  u32 v0 = probe(f->fn, va, 0, 0);
  if (f->flags & NULLIFIED) {
    want("exceptions", 0, caught);
    want("result", T3_SEED, v0);
    end();
    return;
  }
  want_exception(k->what == REFILL ? 0x000 : 0x180, k->code, f->source, f->flags & SLOT);
  want("Status", status | ST_EXL, first.status);
  want("destination", T3_SEED, first.r[11]);
  if (k->what >= REFILL)
    want_tlb_address(va + (u32)k->offset);
  else
    want("BadVAddr", k->what == UNALIGNED ? va + (u32)k->offset : badvaddr, first.badvaddr);
  if (k->what == COP1 || k->what == COP2) want("Cause.CE", k->what == COP1 ? 1 : 2, first.cause >> 28 & 3);
  end();
}

/* The handler repairs the TLB and returns: result and memory must be as if the page had been there all the time. */
static void try_restart(const struct fault *f, const struct fault *straight, u32 va) {
  const struct kind *k = &kinds[f->kind];
  u32 *data = data_at(va), want0, want1;
  begin(k->name, f->position);
  fill(data);
  u32 want_v0 = probe(straight->fn, (u32)data, 0, 0);
  want0 = data[0];
  want1 = data[1];
  if (f->flags & NULLIFIED) want_v0 = T3_SEED;
  fill(data);
  if (f->flags & NULLIFIED) {
    want0 = data[0];
    want1 = data[1];
  }
  map_for(k->what, va);
  fix_lo0 = fix_lo1 = LO(frames[0], C3 | D | V);
  expect_exception(FIX);
  u32 v0 = probe(f->fn, va, 0, 0);
  want("exceptions", f->flags & NULLIFIED ? 0 : 1, caught);
  want("result", want_v0, v0);
  want("memory", want0, data[0]);
  want("memory", want1, data[1]);
  end();
}

#if TE
#define VIRTIO_MMIO (IO_BASE | 0x12000000) /* the first virtio-mmio slot: MagicValue */
#define DEVICE_FEATURES (VIRTIO_MMIO + 0x10)
#define DEVICE_FEATURES_SEL (VIRTIO_MMIO + 0x14)

/* Loads find what they find in C; stores choose another word of the features, once or not at all. */
static void try_mmio(const struct fault *f) {
  const struct kind *k = &kinds[f->kind];
  u32 is_load = k->offset == 0, magic = *(volatile u32 *)VIRTIO_MMIO;
  begin(k->name, f->position);
  *(volatile u32 *)DEVICE_FEATURES_SEL = 0;
  u32 low = *(volatile u32 *)DEVICE_FEATURES;
  expect_exception(CATCH);
  u32 v0 = probe(f->fn, VIRTIO_MMIO, 0, 0);
  want("exceptions", 0, caught);
  want("result", is_load && !(f->flags & NULLIFIED) ? magic : T3_SEED, v0);
  u32 stored = *(volatile u32 *)DEVICE_FEATURES != low;
  want("stored", !is_load && !(f->flags & NULLIFIED), stored);
  *(volatile u32 *)DEVICE_FEATURES_SEL = 0;
  end();
}
#endif

void test_faults(void) {
  const struct fault *straight = 0;
  for (const struct fault *f = fault_table; f < fault_table_end; f = next(f)) {
    const struct kind *k = &kinds[f->kind];
#if TE
    if (k->what == MMIO) {
      try_mmio(f);
      continue;
    }
#endif
    if (k->what < REFILL) {
      try_fault(f, (u32)frames);
      continue;
    }
    try_fault(f, USER_DATA);
    try_fault(f, KSEG2_DATA);
    if (f->flags == 0) straight = f;
    try_restart(f, straight, f->flags & SLOT ? KSEG2_DATA : USER_DATA);
  }
  tlb_flush();
}
