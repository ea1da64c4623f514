/* A command of the host: a shell in the guest's root with three pipes. */
#ifndef AGENT_COMMAND_H
#define AGENT_COMMAND_H

#include "util.h"

struct command {
  /* Also its process group and session. 0: there is no command. */
  int pid;
  /* The agent's ends of its standard input, output and error, non-blocking; -1 when closed. */
  int in, out, err;
  /* What its standard input has still to get. */
  const char *input;
  size_t input_left;
};

/* Starts /bin/sh -c text. 0, or -errno with *failed set to what could not be done. */
int command_start(struct command *command, const char *text, const struct kept *kept, const char **failed);
/* Writes of the input what the pipe takes now; closes the pipe at the end of the input or when nobody reads it. */
void command_feed(struct command *command);
/* Closes what is open. The process is no longer known afterwards. */
void command_forget(struct command *command);

#endif
