# Shared objects made here: dlopen, dlsym, constructors, thread-local storage, lazy binding, interposition, versions of libc's functions.
cat >one.c <<'C'
#include <stdio.h>
__thread int tls = 41;
int shared = 7;
static void __attribute__((constructor)) up(void) { puts("one up"); }
static void __attribute__((destructor)) down(void) { puts("one down"); fflush(stdout); }
int bump(void) { return ++tls + shared; }
int host_function(int);
int through(int x) { return host_function(x) + bump(); }
C
cat >pre.c <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
int abs(int x) { int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "abs"); return next(x) + 1000; }
C
cat >main.c <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int host_function(int x) { return x * 100; }
static int (*bump)(void);
static void *thread(void *unused) { (void)unused; bump(); return (void *)(long)bump(); }
int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  void *one = dlopen("./one.so", RTLD_LAZY | RTLD_LOCAL);
  if (!one) { puts(dlerror()); return 1; }
  bump = (int (*)(void))dlsym(one, "bump");
  int (*through)(int) = (int (*)(int))dlsym(one, "through");
  pthread_t t; void *result;
  printf("%d %d ", bump(), through(3));
  pthread_create(&t, 0, thread, 0); pthread_join(t, &result);
  printf("%ld %d\n", (long)result, bump());
  *(int *)dlsym(one, "shared") = 1000;
  printf("%d\n", bump());
  Dl_info info; dladdr((void *)(unsigned long)through, &info);
  printf("%s %s\n", info.dli_sname, strrchr(info.dli_fname, '/') + 1);
  printf("%s\n", dlsym(one, "nothing") ? "?" : strstr(dlerror(), "undefined symbol"));
  void *m = dlopen("libm.so.6", RTLD_NOW);
  for (const char *const *n = (const char *const[]){"sin", "log2", "cbrt", "tgamma", "erf", 0}; *n; n++) printf("%s %a\n", *n, ((double (*)(double))dlsym(m, *n))(1.75));
  for (int i = 0; i < 40; i++) { void *h = dlopen("./two.so", RTLD_NOW); int (*f)(int) = (int (*)(int))dlsym(h, "two"); if (f(i) != 2 * i) return 2; dlclose(h); }
  printf("%d\n", abs(-5));
  dlclose(one);
  puts("end");
  return 0;
}
C
gcc -O2 -fPIC -shared one.c -o one.so && echo 'int two(int x) { return 2 * x; }' | gcc -O2 -fPIC -shared -x c - -o two.so && gcc -O2 -fPIC -shared pre.c -o pre.so && gcc -O2 -fno-builtin main.c -o main -rdynamic -pthread -ldl && ./main && LD_BIND_NOW=1 ./main | md5sum && LD_PRELOAD=./pre.so ./main | grep 1005; LD_DEBUG=statistics ./main 2>&1 | grep -c relocations; ldd ./main | grep -c '=>'
