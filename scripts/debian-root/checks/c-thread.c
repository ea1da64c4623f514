// Threads: mutexes, conditions, read-write locks, barriers, semaphores, thread-local storage, cancellation, atomics of all sizes, LL/SC by hand, futexes.
#define _GNU_SOURCE
#include <errno.h>
#include <fenv.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 8, ROUNDS = 3000 };
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_spinlock_t spin;
static sem_t semaphore;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static int onces, destroyed, locked, spun, written, phases[THREADS], wrong;
static _Atomic uint8_t a8;
static _Atomic uint16_t a16;
static _Atomic uint32_t a32;
static _Atomic uint64_t a64;
static uint32_t by_hand;
static __thread int local;

static void init(void) { onces++; }
static void destroy(void *p) { free(p); __atomic_add_fetch(&destroyed, 1, __ATOMIC_SEQ_CST); }

static void *work(void *argument) {
  int me = (int)(intptr_t)argument;
  pthread_once(&once, init);
  pthread_setspecific(key, malloc(10));
  double x = me;
  fesetround(me % 2 ? FE_UPWARD : FE_TONEAREST);
  for (int i = 0; i < ROUNDS; i++) {
    pthread_mutex_lock(&mutex); locked++; pthread_mutex_unlock(&mutex);
    if (i % 16 == 0) { pthread_spin_lock(&spin); spun++; pthread_spin_unlock(&spin); }
    if (i % 50 == 0) { pthread_rwlock_wrlock(&rwlock); written++; pthread_rwlock_unlock(&rwlock); } else { pthread_rwlock_rdlock(&rwlock); pthread_rwlock_unlock(&rwlock); }
    a8 += 3; a16 -= 5; a32 ^= (uint32_t)i; a64 += 0x100000001; local++;
    uint32_t expected = a32;
    while (!atomic_compare_exchange_weak(&a32, &expected, expected + 7)) {}
    uint32_t t;
    __asm__ volatile(".set push\n.set noreorder\n.set noat\n1:\tll %0, %1\n\taddiu %0, %0, 1\n\tsc %0, %1\n\tbeqz %0, 1b\n\tnop\n.set pop" : "=&r"(t), "+m"(by_hand));
    x = x * 0.99 + 1.0 / (i + 3);
    if (i % 300 == 0) sched_yield();
  }
  if (fegetround() != (me % 2 ? FE_UPWARD : FE_TONEAREST)) wrong++;
  for (int r = 0; r < 30; r++) {
    phases[me] = r;
    int last = pthread_barrier_wait(&barrier);
    for (int k = 0; k < THREADS; k++) if (phases[k] != r) __atomic_add_fetch(&wrong, 1, __ATOMIC_SEQ_CST);
    if (last == PTHREAD_BARRIER_SERIAL_THREAD) sem_post(&semaphore);
    pthread_barrier_wait(&barrier);
  }
  double *result = malloc(sizeof *result);
  *result = x;
  return result;
}

static int turn, token;
static void *pass(void *argument) {
  int me = (int)(intptr_t)argument;
  for (int i = 0; i < 400; i++) {
    pthread_mutex_lock(&mutex);
    while (turn != me) pthread_cond_wait(&condition, &mutex);
    token = token * 3 + me;
    turn = (turn + 1) % 4;
    pthread_cond_broadcast(&condition);
    pthread_mutex_unlock(&mutex);
  }
  return 0;
}
static int cleaned;
static void clean(void *unused) { (void)unused; cleaned++; }
static void *forever(void *unused) { pthread_cleanup_push(clean, 0); for (;;) pause(); pthread_cleanup_pop(0); return unused; }
static void *spinner(void *unused) { pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, 0); for (;;) __asm__ volatile(""); return unused; }
static void *brief(void *n) { return (void *)((intptr_t)n * 2); }

static long futex(uint32_t *word, int op, uint32_t value) { return syscall(SYS_futex, word, op, value, 0, 0, 0); }

int main(void) {
  setvbuf(stdout, 0, _IOLBF, 0);
  pthread_t threads[THREADS];
  pthread_barrier_init(&barrier, 0, THREADS);
  pthread_spin_init(&spin, 0);
  sem_init(&semaphore, 0, 0);
  pthread_key_create(&key, destroy);
  for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], 0, work, (void *)(intptr_t)i);
  for (int i = 0; i < THREADS; i++) { double *r; pthread_join(threads[i], (void **)&r); printf("%a ", *r); free(r); }
  int posts;
  sem_getvalue(&semaphore, &posts);
  printf("\nlocked %d spun %d written %d once %d destroyed %d posts %d wrong %d\n", locked, spun, written, onces, destroyed, posts, wrong);
  printf("atomics %u %u %llx %u local %d\n", a8, a16, (unsigned long long)a64, by_hand, local);
  for (int i = 0; i < 4; i++) pthread_create(&threads[i], 0, pass, (void *)(intptr_t)i);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], 0);
  printf("token %d\n", token);
  void *how;
  for (int i = 0; i < 2; i++) { pthread_create(&threads[i], 0, i ? spinner : forever, 0); usleep(10000); pthread_cancel(threads[i]); pthread_join(threads[i], &how); printf("canceled %d ", how == PTHREAD_CANCELED); }
  printf("cleaned %d\n", cleaned);
  long sum = 0;
  for (int i = 0; i < 300; i++) { pthread_create(&threads[0], 0, brief, (void *)(intptr_t)i); pthread_join(threads[0], &how); sum += (long)(intptr_t)how; }
  printf("created %ld\n", sum);

  // Between processes: futexes in shared memory, a robust mutex whose owner dies.
  struct shared { uint32_t ball; uint64_t count; pthread_mutex_t robust; } *shared = mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&shared->robust, &attributes);
  pid_t child = fork();
  for (int i = 0; i < 500; i++) {
    uint32_t mine = child ? 0 : 1;
    for (uint32_t seen; (seen = __atomic_load_n(&shared->ball, __ATOMIC_SEQ_CST)) != mine;) futex(&shared->ball, FUTEX_WAIT, seen);
    shared->count = shared->count * 3 + mine;
    __atomic_store_n(&shared->ball, 1 - mine, __ATOMIC_SEQ_CST);
    futex(&shared->ball, FUTEX_WAKE, INT_MAX);
  }
  if (!child) { pthread_mutex_lock(&shared->robust); _exit(3); }
  int status;
  waitpid(child, &status, 0);
  int dead = pthread_mutex_lock(&shared->robust);
  printf("ball %llx %d robust %d\n", (unsigned long long)shared->count, WEXITSTATUS(status), dead == EOWNERDEAD);
  return 0;
}
