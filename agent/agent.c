/* The agent: commands of the host come over a virtio-console port, their output and wait status go back (agent/README.md
 * has the protocol). One thread; it sleeps in ppoll() whenever there is nothing to do. */
#include "command.h"

enum {
  VERSION = 1,
  HEADER_SIZE = 5,
  ID_SIZE = 4,
  MAX_FROM_HOST = 16 << 20,
  /* A frame in one write: the driver passes 32 KiB on at once. */
  MAX_OUTPUT = (32 << 10) - HEADER_SIZE - ID_SIZE,
  FIRST_POLL_MS = 10,
  LAST_POLL_MS = 1000,
  /* How often the agent looks whether the host has the port open again. */
  HOST_AWAY_MS = 100,
};

/* The frame that is coming in. */
struct incoming {
  unsigned char header[HEADER_SIZE];
  /* Bytes so far, with the header. */
  size_t have;
  /* Of the payload. */
  size_t length;
  unsigned char id[ID_SIZE];
  /* Where the payload after the id is kept, with room for a NUL; NULL when it is dropped. */
  char *rest;
  /* Why an 'R' is dropped, as -errno. */
  int refused;
};

static struct command command = {0, -1, -1, -1, NULL, 0};
static unsigned char command_id[ID_SIZE];
static struct incoming incoming;
static int port;
/* The port is gone (its device was unplugged): look for it again. */
static int port_lost;
static const struct kept *kept;
/* The end of the heap when no payload is kept. */
static char *heap;
/* One outgoing frame. */
static unsigned char frame[HEADER_SIZE + ID_SIZE + MAX_OUTPUT];

static uint32_t get_le32(const unsigned char *from) {
  return from[0] | from[1] << 8 | from[2] << 16 | (uint32_t)from[3] << 24;
}

static void put_le32(unsigned char *to, uint32_t value) {
  for (int i = 0; i < 4; i++) to[i] = value >> 8 * i;
}

/* Waits while the host is slow, or away. */
static void wait_until_writable(void) {
  struct pollfd fds = {port, POLLOUT, 0};
  if (ppoll(&fds, 1, NULL, NULL) > 0 && (fds.revents & POLLHUP)) sleep_ms(HOST_AWAY_MS);
}

/* Sends `size` bytes of payload that are in the frame already. */
static void send(char type, size_t size) {
  frame[0] = type;
  put_le32(frame + 1, size);
  const unsigned char *from = frame;
  for (size_t left = HEADER_SIZE + size; left > 0 && !port_lost;) {
    long taken = write(port, from, left);
    if (taken >= 0) {
      from += taken;
      left -= taken;
    } else if (taken == -EAGAIN) {
      wait_until_writable();
    } else if (taken != -EINTR) {
      port_lost = 1;
    }
  }
}

static unsigned char *payload_for(const unsigned char id[ID_SIZE]) {
  for (int i = 0; i < ID_SIZE; i++) frame[HEADER_SIZE + i] = id[i];
  return frame + HEADER_SIZE + ID_SIZE;
}

static void send_failure(const unsigned char id[ID_SIZE], int error, const char *what) {
  unsigned char *payload = payload_for(id);
  put_le32(payload, -error);
  size_t length = length_of(what);
  memcpy(payload + 4, what, length);
  send('F', ID_SIZE + 4 + length);
}

/* Passes on at most `limit` bytes of a pipe. How many there were; 0 at its end, -errno. */
static long forward(int pipe, char type, size_t limit) {
  unsigned char *payload = payload_for(command_id);
  long size = read(pipe, payload, limit < MAX_OUTPUT ? limit : MAX_OUTPUT);
  if (size > 0) send(type, ID_SIZE + size);
  return size;
}

static void forward_ready(struct pollfd *fds, int *pipe, char type) {
  if (fds->revents == 0 || forward(*pipe, type, MAX_OUTPUT) != 0) return;
  close(*pipe);
  *pipe = -1;
}

/* What is in the pipe now; what a background process writes later is not waited for. */
static void forward_rest(int pipe, char type) {
  int left = 0;
  if (pipe < 0 || ioctl(pipe, FIONREAD, &left) < 0) return;
  while (left > 0) {
    long size = forward(pipe, type, left);
    if (size <= 0) return;
    left -= size;
  }
}

static void end_command(void) {
  command_forget(&command);
  brk(heap);
}

/* Reports the command if it is over. */
static void reap(void) {
  int status;
  if (command.pid == 0 || wait4(command.pid, &status, WNOHANG) != command.pid) return;
  forward_rest(command.out, 'O');
  forward_rest(command.err, 'E');
  put_le32(payload_for(command_id), status);
  send('X', ID_SIZE + 4);
  end_command();
}

static void run(char *text, size_t size) {
  size_t length = 0;
  while (length < size && text[length]) length++;
  if (length == size) return;
  const char *failed;
  int error = command_start(&command, text, kept, &failed);
  if (error < 0) {
    send_failure(incoming.id, error, failed);
    brk(heap);
    return;
  }
  memcpy(command_id, incoming.id, ID_SIZE);
  command.input = text + length + 1;
  command.input_left = size - length - 1;
  command_feed(&command);
}

/* The header is complete: decides where the payload goes. */
static void accept_header(void) {
  incoming.length = get_le32(incoming.header + 1);
  incoming.rest = NULL;
  incoming.refused = 0;
  /* Whatever this is, the next frame will not be found. */
  if (incoming.length > MAX_FROM_HOST) exit(1);
  if (incoming.header[0] != 'R' || incoming.length <= ID_SIZE) return;
  char *end = heap + incoming.length - ID_SIZE;
  if (command.pid != 0) incoming.refused = -EBUSY;
  else if (brk(end) != end) incoming.refused = -ENOMEM;
  else incoming.rest = heap;
}

static void accept_frame(void) {
  char type = incoming.header[0];
  if (type == 'R' && incoming.refused) {
    send_failure(incoming.id, incoming.refused,
                 incoming.refused == -EBUSY ? "a command is running" : "no memory for the request");
  } else if (type == 'R' && incoming.rest) {
    run(incoming.rest, incoming.length - ID_SIZE);
  } else if (type == 'K' && incoming.length == ID_SIZE && command.pid != 0 &&
             get_le32(incoming.id) == get_le32(command_id)) {
    kill(-command.pid, SIGKILL);
  }
}

/* Where the next bytes from the host belong, and how many of them may come. */
static void *room(size_t *size) {
  static char dropped[1024];
  size_t have = incoming.have;
  if (have < HEADER_SIZE) {
    *size = HEADER_SIZE - have;
    return incoming.header + have;
  }
  have -= HEADER_SIZE;
  size_t left = incoming.length - have;
  if (have < ID_SIZE) {
    *size = left < ID_SIZE - have ? left : ID_SIZE - have;
    return incoming.id + have;
  }
  if (incoming.rest) {
    *size = left;
    return incoming.rest + have - ID_SIZE;
  }
  *size = left < sizeof dropped ? left : sizeof dropped;
  return dropped;
}

/* Takes what has come. 0 when the host has closed its side. */
static int receive(void) {
  for (;;) {
    size_t size;
    void *to = room(&size);
    long got = read(port, to, size);
    if (got == -EAGAIN || got == -EINTR) return 1;
    if (got < 0) port_lost = 1;
    if (got <= 0) {
      /* The rest of a frame will not come any more. */
      incoming.have = 0;
      return 0;
    }
    incoming.have += got;
    if (incoming.have == HEADER_SIZE) accept_header();
    if (incoming.have < HEADER_SIZE || incoming.have < HEADER_SIZE + incoming.length) continue;
    incoming.have = 0;
    accept_frame();
  }
}

static void serve(void) {
  const struct sigset none = {{0}};
  int host_away = 0;
  frame[HEADER_SIZE] = VERSION;
  send('H', 1);
  while (!port_lost) {
    struct pollfd fds[] = {
        {host_away ? -1 : port, POLLIN, 0}, {command.out, POLLIN, 0}, {command.err, POLLIN, 0}, {command.in, POLLOUT, 0}};
    /* The kernel counts a timeout down in place. */
    struct timespec pause = {0, HOST_AWAY_MS * 1000000};
    /* SIGCHLD comes here or not at all. */
    int ready = ppoll(fds, 4, host_away ? &pause : NULL, &none);
    host_away = 0;
    if (ready > 0) {
      forward_ready(&fds[1], &command.out, 'O');
      forward_ready(&fds[2], &command.err, 'E');
      if (fds[3].revents) command_feed(&command);
    }
    reap();
    if (ready > 0 && fds[0].revents) host_away = !receive();
  }
}

static void on_signal(int signal) { (void)signal; }

void agent(const struct kept *directories) {
  const struct sigaction wake = {.handler = on_signal}, ignore = {.handler = SIG_IGN};
  struct sigset blocked = {{0}};
  blocked.words[0] = 1ul << (SIGCHLD - 1);
  sigprocmask(SIG_SETMASK, &blocked);
  sigaction(SIGCHLD, &wake);
  sigaction(SIGPIPE, &ignore);
  kept = directories;
  heap = brk(NULL);
  for (;;) {
    long wait = FIRST_POLL_MS;
    while ((port = open_port("tsvm.agent", kept)) < 0) {
      sleep_ms(wait);
      wait = wait * 2 < LAST_POLL_MS ? wait * 2 : LAST_POLL_MS;
    }
    port_lost = 0;
    incoming.have = 0;
    serve();
    if (command.pid != 0) {
      kill(-command.pid, SIGKILL);
      wait4(command.pid, NULL, 0);
      end_command();
    }
    close(port);
  }
}
