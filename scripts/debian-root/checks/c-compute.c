// Longer computations: sorting, hashing, matrices, FFT, Mandelbrot, n-body, primes, strings, big numbers; a digest of each.
#include <complex.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static uint64_t state = 1;
static uint32_t next(void) { state = state * 6364136223846793005u + 1442695040888963407u; return (uint32_t)(state >> 33); }
static uint64_t h;
static void note(uint64_t v) { h = (h ^ v) * 1099511628211u; h ^= h >> 32; }
static void show(const char *name) { printf("%s %016llx\n", name, (unsigned long long)h); h = 1; }
static uint64_t bits(double v) { uint64_t b; memcpy(&b, &v, 8); return b; }
static int by_int(const void *a, const void *b) { int x = *(const int *)a, y = *(const int *)b; return x < y ? -1 : x > y; }
static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void fft(double complex *x, int n) {
  if (n == 1) return;
  double complex *e = malloc(sizeof *e * (size_t)n), *o = e + n / 2;
  for (int i = 0; i < n / 2; i++) { e[i] = x[2 * i]; o[i] = x[2 * i + 1]; }
  fft(e, n / 2); fft(o, n / 2);
  for (int i = 0; i < n / 2; i++) { double complex t = cexp(-2 * M_PI * I * i / n) * o[i]; x[i] = e[i] + t; x[i + n / 2] = e[i] - t; }
  free(e);
}

int main(void) {
  h = 1;
  static int v[60000];
  for (int i = 0; i < 60000; i++) v[i] = (int)next() - 1000000000;
  qsort(v, 60000, sizeof *v, by_int);
  for (int i = 0; i < 60000; i += 7) note((uint32_t)v[i]);
  show("qsort");
  static char text[5000][12], *pointers[5000];
  for (int i = 0; i < 5000; i++) { snprintf(text[i], sizeof text[i], "%x", next()); pointers[i] = text[i]; }
  qsort(pointers, 5000, sizeof *pointers, by_text);
  for (int i = 0; i < 5000; i++) for (char *c = pointers[i]; *c; c++) note((unsigned char)*c);
  show("strings");
  static uint32_t crc_table[256];
  for (uint32_t i = 0; i < 256; i++) { uint32_t c = i; for (int k = 0; k < 8; k++) c = c >> 1 ^ (c & 1 ? 0xedb88320u : 0); crc_table[i] = c; }
  uint32_t crc = ~0u, adler_a = 1, adler_b = 0;
  for (int i = 0; i < 400000; i++) { unsigned char byte = (unsigned char)next(); crc = crc_table[(crc ^ byte) & 255] ^ crc >> 8; adler_a = (adler_a + byte) % 65521; adler_b = (adler_b + adler_a) % 65521; }
  note(~crc); note(adler_b << 16 | adler_a);
  show("sums");
  enum { M = 60 };
  static double a[M][M], b[M][M], c[M][M];
  static float fa[M][M], fb[M][M], fc[M][M];
  for (int i = 0; i < M; i++) for (int j = 0; j < M; j++) { a[i][j] = fa[i][j] = (float)next() / 1e9f; b[i][j] = fb[i][j] = 1.0f / (float)(i + j + 1); }
  for (int i = 0; i < M; i++) for (int j = 0; j < M; j++) { for (int k = 0; k < M; k++) { c[i][j] += a[i][k] * b[k][j]; fc[i][j] += fa[i][k] * fb[k][j]; } note(bits(c[i][j])); note(bits(fc[i][j])); }
  show("matrices");
  static double complex x[2048];
  for (int i = 0; i < 2048; i++) x[i] = sin(i * 0.1) + I * cos(i * i * 0.01);
  fft(x, 2048);
  for (int i = 0; i < 2048; i++) { note(bits(creal(x[i]))); note(bits(cimag(x[i]))); }
  show("fft");
  for (int y = 0; y < 40; y++) for (int z = 0; z < 60; z++) { double cr = z / 20.0 - 2, ci = y / 20.0 - 1, zr = 0, zi = 0; unsigned n = 0; while (n < 200 && zr * zr + zi * zi < 4) { double t = zr * zr - zi * zi + cr; zi = 2 * zr * zi + ci; zr = t; n++; } note(n); }
  show("mandelbrot");
  double p[5][3], q[5][3], m[5];
  for (int i = 0; i < 5; i++) { m[i] = 1.0 / (i + 1); for (int k = 0; k < 3; k++) { p[i][k] = i * 3.7 - k * 1.3; q[i][k] = (i - k) * 0.11; } }
  for (int step = 0; step < 3000; step++) {
    for (int i = 0; i < 5; i++) for (int j = i + 1; j < 5; j++) { double d[3], s = 0.01; for (int k = 0; k < 3; k++) { d[k] = p[i][k] - p[j][k]; s += d[k] * d[k]; } s = 0.001 / (s * sqrt(s)); for (int k = 0; k < 3; k++) { q[i][k] -= d[k] * m[j] * s; q[j][k] += d[k] * m[i] * s; } }
    for (int i = 0; i < 5; i++) for (int k = 0; k < 3; k++) p[i][k] += 0.001 * q[i][k];
  }
  for (int i = 0; i < 5; i++) for (int k = 0; k < 3; k++) note(bits(p[i][k]));
  show("bodies");
  for (double t = 0.01; t < 30; t *= 1.07) {
    note(bits(sin(t))); note(bits(cos(t * 1e5))); note(bits(tan(t))); note(bits(exp(t))); note(bits(log(t))); note(bits(pow(t, 1.37))); note(bits(atan2(t, 2))); note(bits(tgamma(t))); note(bits(erf(t))); note(bits(j0(t))); note(bits(fmod(1e10, t)));
    note(bits(sinf((float)t))); note(bits(expf((float)t))); note(bits(powf((float)t, 0.3f))); note(bits(cbrt(t))); note(bits(hypot(t, 3))); note(bits(remainder(t * 100, 0.7))); note(bits(fma(t, t, -t))); note((uint64_t)llround(t * 1e12)); note(bits(nearbyint(t * 10))); note(bits(asinh(t))); note(bits(expm1(t))); note(bits(scalbn(t, -1060))); note(bits(logb(t))); note(bits(nextafter(t, 0)));
  }
  show("libm");
  static uint32_t big[200] = {1};
  for (uint32_t n = 2; n < 500; n++) { uint64_t carry = 0; for (int i = 0; i < 200; i++) { carry += (uint64_t)big[i] * n; big[i] = (uint32_t)carry; carry >>= 32; } }
  for (int i = 0; i < 200; i++) note(big[i]);
  for (int i = 199, first = 1; i >= 0 || first; i--) { uint64_t r = 0; for (int k = 199; k >= 0; k--) { r = r << 32 | big[k]; big[k] = (uint32_t)(r / 1000000007u); r %= 1000000007u; } note(r); if (i <= 150) break; first = 0; }
  show("factorial");
  static char board[9]; long solutions = 0;
  for (int queens = 8, at = 0; at >= 0;) { if (++board[at] > queens) { board[at--] = 0; continue; } int good = 1; for (int i = 0; i < at; i++) if (board[i] == board[at] || abs(board[i] - board[at]) == at - i) good = 0; if (!good) continue; if (at == queens - 1) { solutions++; note((uint64_t)board[0] * 10 + (uint64_t)board[7]); } else at++; }
  printf("queens %ld\n", solutions);
  show("queens");
  struct { unsigned a : 3, b : 9; int c : 7; uint64_t d : 45; } f = {0};
  for (int i = 0; i < 3000; i++) { f.a += 3; f.b ^= (unsigned)i; f.c -= 5; f.d = f.d * 5 + f.a; note((uint64_t)f.d); note((uint64_t)(int64_t)f.c); note(f.b); }
  show("bit fields");
  return 0;
}
