/* Lines for the guest's console: only when process 1 cannot go on. */
#ifndef AGENT_CONSOLE_H
#define AGENT_CONSOLE_H

/* Prints `tsvm: WHATNAME`, and ` (errno N)` when error, which is -errno, is not 0. */
void complain(const char *what, const char *name, long error);

#endif
