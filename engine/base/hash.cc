#include "engine/base/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "engine/base/hash_avx2.h"

namespace lode {
namespace {

#ifdef LODE_XXH3_AVX2
// Shorter ones hardly reach the loop that wider registers make faster.
constexpr std::size_t long_enough = 1024;
const bool has_avx2 = __builtin_cpu_supports("avx2") != 0;
#endif

}  // namespace

std::uint64_t xxh3_64(std::span<const std::byte> data) {
#ifdef LODE_XXH3_AVX2
    if (has_avx2 && data.size() >= long_enough) {
        return detail::xxh3_64_avx2(data.data(), data.size());
    }
#endif
    return XXH3_64bits(data.data(), data.size());
}

hash128 xxh3_128(std::span<const std::byte> data) {
    const XXH128_hash_t h = XXH3_128bits(data.data(), data.size());
    return {.high = h.high64, .low = h.low64};
}

struct hash128_builder::state {
    XXH3_state_t xxh3;
};

hash128_builder::hash128_builder() : state_(std::make_unique<state>()) {
    XXH3_128bits_reset(&state_->xxh3);
}

hash128_builder::~hash128_builder() = default;

hash128_builder& hash128_builder::add(std::string_view field) {
    add(field.size());
    XXH3_128bits_update(&state_->xxh3, field.data(), field.size());
    return *this;
}

hash128_builder& hash128_builder::add(std::uint64_t field) {
    XXH3_128bits_update(&state_->xxh3, &field, sizeof field);
    return *this;
}

hash128 hash128_builder::finish() const {
    const XXH128_hash_t h = XXH3_128bits_digest(&state_->xxh3);
    return {.high = h.high64, .low = h.low64};
}

}  // namespace lode
