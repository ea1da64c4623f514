/* A program in user mode, which prints a text and goes on. */
#ifndef USER_H
#define USER_H
#include "verdict.h"

/* Enters user mode: write(text), then the system call `done`, where `then` runs in the kernel; when that comes back, or is
   NULL, the program branches to itself. */
void user_run(const char *text, void (*then)(void)) __attribute__((noreturn));

#endif
