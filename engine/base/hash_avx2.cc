// XXH3 for processors with AVX2, which not all have: compiled apart, with that flag, and called where
// hash.cc finds that it may be. Includes nothing whose inline functions others share.
#define XXH_INLINE_ALL
#include "engine/base/hash_avx2.h"

#include <xxhash.h>

namespace lode::detail {

std::uint64_t xxh3_64_avx2(const void* data, std::size_t length) {
    return XXH3_64bits(data, length);
}

}  // namespace lode::detail
