/* One case and its outcome, the same for the guest and for the qemu-user program that finds the expected values. */
#define BUFFER_WORDS 8
#define RESULT_WORDS 6

struct test_case {
  const void *fn;
  const char *name;
  unsigned operands[5]; /* t0, t1, t2, HI, LO */
};
extern const struct test_case case_table[];
extern const unsigned case_count;

/* run.S: loads the operands, calls the case with t4 = buffer, stores t0, t1, t2, HI, LO into result. */
void run_case(const struct test_case *c, unsigned *result, unsigned *buffer);

static unsigned case_buffer[BUFFER_WORDS];

/* The last result word stands for the buffer: its bytes, in address order, through an FNV-1a hash. */
static void perform(const struct test_case *c, unsigned result[RESULT_WORDS]) {
  unsigned char *bytes = (unsigned char *)case_buffer;
  unsigned hash = 0x811c9dc5;
  for (unsigned i = 0; i < sizeof case_buffer; i++) bytes[i] = (unsigned char)(0x81 + i * 37);
  run_case(c, result, case_buffer);
  for (unsigned i = 0; i < sizeof case_buffer; i++) hash = (hash ^ bytes[i]) * 0x01000193;
  result[5] = hash;
}
