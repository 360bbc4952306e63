#include "greeting.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argument_count, char **arguments)
{
    char line[256];

    if (greet(line, sizeof line, argument_count > 1 ? arguments[1] : "@NAME@") != 0) {
        fputs("that name is too long\n", stderr);
        return EXIT_FAILURE;
    }
    puts(line);
    return EXIT_SUCCESS;
}
