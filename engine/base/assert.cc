#include "engine/base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace lode {

void assertion_failed(const char* condition, const char* file, int line) noexcept {
    // Plain stdio: the logger may be the thing that is broken.
    std::fprintf(stderr, "lode: broken invariant: %s (%s:%d)\n", condition, file, line);
    std::fflush(stderr);
    std::abort();
}

}  // namespace lode
