// The one place where Catch2's own main is compiled when the distribution ships version 2; version
// 3 brings it as a library.
#define CATCH_CONFIG_MAIN
#include "tests/catch.h"
