#include "bench/load/data_set.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "engine/base/assert.h"

namespace lode::bench {

data_set::data_set(data_options o) : options_(std::move(o)) {
    LODE_ASSERT(options_.objects > 0 && !options_.sizes.empty());
    for (const size_share& s : options_.sizes) largest_ = std::max(largest_, s.size);
}

void data_set::append_key(std::uint64_t object, std::string& out) const {
    fmt::format_to(std::back_inserter(out), "{}{:010}", options_.prefix, object);
}

bytes data_set::size_of(std::uint64_t object) const {
    if (options_.sizes.size() == 1) return options_.sizes.front().size;
    return size_drawn(options_.sizes, mixed(mixed(~options_.seed) ^ (object + 1)));
}

std::uint64_t data_set::parts_for(bytes size) const {
    if (options_.part_size == bytes(0) || size <= options_.part_size) return 1;
    return ceil_div(size, options_.part_size);
}

std::uint64_t data_set::parts_of(std::uint64_t object) const { return parts_for(size_of(object)); }

extent data_set::part_of(std::uint64_t object, std::uint64_t part) const {
    const bytes size = size_of(object);
    LODE_ASSERT(part < parts_for(size));
    if (parts_for(size) == 1) return {.begin = 0, .length = size};
    const bytes begin = options_.part_size * part;
    return {.begin = begin.count(), .length = std::min(options_.part_size, size - begin)};
}

bytes size_drawn(const size_mix& mix, std::uint64_t draw) {
    std::uint64_t weights = 0;
    for (const size_share& s : mix) weights += s.weight;
    LODE_ASSERT(weights > 0);
    // Lemire's multiplication: uniform in [0, weights).
    auto place =
        static_cast<std::uint64_t>((static_cast<unsigned __int128>(draw) * weights) >> 64U);
    for (const size_share& s : mix) {
        if (place < s.weight) return s.size;
        place -= s.weight;
    }
    std::unreachable();
}

}  // namespace lode::bench
