// engine/base/hash.h
//
// XXH3 (Yann Collet, xxHash 0.8): 128 bits to name things, 64 bits to check bytes. Not for secrets.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

namespace lode {

struct hash128 {
    std::uint64_t high = 0;
    std::uint64_t low = 0;

    friend auto operator<=>(const hash128&, const hash128&) = default;
};

[[nodiscard]] std::uint64_t xxh3_64(std::span<const std::byte> data);
[[nodiscard]] hash128 xxh3_128(std::span<const std::byte> data);

// Feeds fields one by one; each is preceded by its length, so ("ab","c") and ("a","bc") differ.
class hash128_builder {
  public:
    hash128_builder();
    ~hash128_builder();
    hash128_builder(const hash128_builder&) = delete;
    hash128_builder& operator=(const hash128_builder&) = delete;

    hash128_builder& add(std::string_view field);
    hash128_builder& add(std::uint64_t field);
    [[nodiscard]] hash128 finish() const;

  private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace lode

template <>
struct std::hash<lode::hash128> {
    std::size_t operator()(const lode::hash128& h) const { return h.low; }
};
