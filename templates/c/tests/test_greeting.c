#undef NDEBUG
#include "greeting.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static void test_greets_by_name(void)
{
    char line[32];

    assert(greet(line, sizeof line, "Ada") == 0);
    assert(strcmp(line, "Hello, Ada!") == 0);
}

static void test_says_when_there_is_no_room(void)
{
    char line[11];

    assert(greet(line, sizeof line, "Ada") == -1);
}

int main(void)
{
    test_greets_by_name();
    test_says_when_there_is_no_room();
    puts("2 tests passed");
    return 0;
}
