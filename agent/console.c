/* Lines for the guest's console, written in one piece to file 2. */
#include "console.h"
#include "util.h"

void complain(const char *what, const char *name, long error) {
  char line[PATH_SIZE] = "tsvm: ";
  append(line, what);
  append(line, name);
  if (error) {
    char digits[12];
    char *first = digits + sizeof digits - 1;
    *first = 0;
    for (unsigned long rest = -error; rest > 0; rest /= 10) *--first = '0' + rest % 10;
    append(line, " (errno ");
    append(line, first);
    append(line, ")");
  }
  append(line, "\n");
  write(2, line, length_of(line));
}
