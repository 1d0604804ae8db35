// engine/base/hash_avx2.h
//
// xxh3_64() once more, for processors with AVX2. Only hash.cc calls it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lode::detail {

[[nodiscard]] std::uint64_t xxh3_64_avx2(const void* data, std::size_t length);

}  // namespace lode::detail
