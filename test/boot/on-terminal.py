# Usage: on-terminal.py COLUMNS ROWS STEPS -- COMMAND...   Runs COMMAND on a fresh pseudo-terminal of that size and prints one
# JSON object: what it wrote (latin-1), its exit status, and whether the terminal's settings were raw while it ran and
# are as before after it. STEPS is a JSON list of {"expect": TEXT}, {"send": TEXT}, {"signal": NAME}, {"raw": true|false}
# (wait until the terminal is raw or not), {"resize": [COLUMNS, ROWS]} and {"hangup": true} (the terminal goes away).
import fcntl, json, os, pty, select, signal, struct, sys, termios, time

PATIENCE = 20.0  # seconds any one step may take


def set_size(fd, columns, rows):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def is_raw(fd):
    return not termios.tcgetattr(fd)[3] & (termios.ICANON | termios.ECHO | termios.ISIG)


def main():
    columns, rows, steps = int(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3])
    command = sys.argv[5:]
    master, slave = pty.openpty()
    set_size(slave, columns, rows)
    before = termios.tcgetattr(slave)
    pid = os.fork()
    if pid == 0:
        os.close(master)
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        for fd in range(3):
            os.dup2(slave, fd)
        if slave > 2:
            os.close(slave)
        os.execvp(command[0], command)
    output = b""
    searched = 0
    failed = None
    status = None

    def pump(seconds):
        nonlocal output, status
        ready, _, _ = select.select([master], [], [], seconds)
        if ready:
            output += os.read(master, 65536)
        if status is None:
            done, state = os.waitpid(pid, os.WNOHANG)
            if done:
                status = state

    def wait_for(what, met):
        nonlocal failed
        deadline = time.monotonic() + PATIENCE
        while not met():
            if time.monotonic() > deadline or (status is not None and not select.select([master], [], [], 0)[0]):
                failed = what
                return False
            pump(0.02)
        return True

    def found(text):
        nonlocal searched
        at = output.find(text, searched)
        if at < 0:
            return False
        searched = at + len(text)
        return True

    hung_up = False
    for step in steps:
        if "expect" in step:
            text = step["expect"].encode("latin-1")
            if not wait_for(step, lambda: found(text)):
                break
        elif "raw" in step:
            if not wait_for(step, lambda: is_raw(slave) == step["raw"]):
                break
        elif "send" in step:
            os.write(master, step["send"].encode("latin-1"))
        elif "signal" in step:
            os.kill(pid, getattr(signal, "SIG" + step["signal"]))
        elif "resize" in step:
            set_size(slave, *step["resize"])
        elif "hangup" in step:
            os.close(slave)
            os.close(master)
            hung_up = True
    if hung_up:
        deadline = time.monotonic() + PATIENCE
        while status is None and time.monotonic() < deadline:
            done, state = os.waitpid(pid, os.WNOHANG)
            if done:
                status = state
            time.sleep(0.02)
    elif failed is None:
        wait_for("end", lambda: status is not None)
    if status is None:
        os.kill(pid, signal.SIGKILL)
        status = os.waitpid(pid, 0)[1]
        failed = failed or "end"
    restored = None
    if not hung_up:
        while select.select([master], [], [], 0.05)[0]:
            output += os.read(master, 65536)
        restored = termios.tcgetattr(slave) == before
    json.dump(
        {
            "output": output.decode("latin-1"),
            "exitCode": os.waitstatus_to_exitcode(status),
            "restored": restored,
            "failed": failed,
        },
        sys.stdout,
    )


main()
