# The compiler compiles a program of some hundred lines at every level: its assembly, its sections and what the program says.
cat >p.h <<'H'
#include <stdint.h>
struct node { struct node *left, *right; int64_t key; double weight; };
struct node *insert(struct node *, int64_t, double);
double total(const struct node *);
uint32_t crc(const void *, unsigned);
H
cat >a.c <<'C'
#include <stdlib.h>
#include "p.h"
struct node *insert(struct node *n, int64_t key, double weight) {
  if (!n) { n = calloc(1, sizeof *n); n->key = key; n->weight = weight; return n; }
  if (key < n->key) n->left = insert(n->left, key, weight); else if (key > n->key) n->right = insert(n->right, key, weight); else n->weight += weight;
  return n;
}
double total(const struct node *n) { return n ? total(n->left) + n->weight * (double)(n->key % 1000003) + total(n->right) : 0; }
uint32_t crc(const void *data, unsigned size) {
  const uint8_t *p = data; uint32_t c = ~0u;
  while (size--) { c ^= *p++; for (int k = 0; k < 8; k++) c = c >> 1 ^ (c & 1 ? 0xedb88320u : 0); }
  return ~c;
}
C
cat >b.c <<'C'
#include <stdio.h>
#include <string.h>
#include <math.h>
#include "p.h"
static double m[24][24], r[24][24];
static int classify(int x) { switch (x & 15) { case 0: return 3; case 1: return 14; case 2: return 15; case 4: return 92; case 7: return 65; case 9: return 35; case 12: return 89; default: return -x; } }
static float mix(float a, double b, short c, unsigned char d, long long e) { return a * (float)b - c / (d + 1.0f) + (float)e; }
int main(void) {
  struct node *root = 0; uint64_t s = 88172645463325252ull; int64_t acc = 0; char text[4096];
  for (int i = 0; i < 3000; i++) { s ^= s << 13; s ^= s >> 7; s ^= s << 17; root = insert(root, (int64_t)(s >> 20) - (1ll << 42), i * 0.37); acc += (int64_t)s / (i + 1) % 100007 + classify(i) + (int)(s % 97); }
  for (int i = 0; i < 24; i++) for (int j = 0; j < 24; j++) m[i][j] = 1.0 / (i + j + 1) + (i == j);
  for (int p = 0; p < 5; p++) { for (int i = 0; i < 24; i++) for (int j = 0; j < 24; j++) { double t = 0; for (int k = 0; k < 24; k++) t += m[i][k] * m[k][j]; r[i][j] = t; } memcpy(m, r, sizeof m); for (int i = 0; i < 24; i++) for (int j = 0; j < 24; j++) m[i][j] /= 3.7; }
  int n = 0; for (int i = 0; i < 60; i++) n += snprintf(text + n, sizeof text - n, "%d:%g;", i * i, sqrt(i) * pow(1.1, i));
  printf("%.17g %lld %.17g %.17g %08x %.9g\n", total(root), (long long)acc, m[3][5], m[23][0], crc(text, n), mix(1.5f, 2.25, -7, 200, 1ll << 33));
  return 0;
}
C
for level in -O0 -O1 -O2 -O3 -Os '-O2 -mno-abicalls -fno-pic' '-O2 -mips32r2 -mabs=legacy -ffast-math' '-O2 -fsanitize=undefined -fno-sanitize-recover'; do
  # shellcheck disable=SC2086
  gcc $level -S a.c b.c 2>&1 | head -3
  echo "$level $(cat a.s b.s | grep -v '\.ident' | sha256sum | cut -c1-32)"
done
for level in -O0 -O2 -O3; do gcc $level -g -Wall a.c b.c -o p$level -lm && ./p$level && strip -o stripped p$level && readelf -h stripped | grep -E 'Type|Machine|Flags' && size stripped | tail -1 | cut -f1-4; done
gcc -O2 -c a.c b.c && objdump -d a.o b.o | sha256sum; nm a.o; ar rcD l.a a.o b.o && ar t l.a && sha256sum <l.a; objcopy -O binary -j .text a.o a.bin && sha256sum <a.bin
gcc -O2 -static a.c b.c -o static -lm && ./static; echo 'int main(void) { return x; }' | gcc -x c - 2>&1 | head -2; echo '#define A(x) #x
A(hello)' | cpp -P; gcc -O2 -fpie -pie -fstack-protector-all -D_FORTIFY_SOURCE=2 a.c b.c -o hard -lm && ./hard
