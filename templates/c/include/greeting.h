#ifndef GREETING_H
#define GREETING_H

#include <stddef.h>

/*
 * Write the greeting for somebody called `name` to `buffer`, which holds `size` bytes.
 * Returns 0, or -1 where it does not fit; then `buffer` holds nothing of use.
 */
int greet(char *buffer, size_t size, const char *name);

#endif
