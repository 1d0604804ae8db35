// bench/load/content.h
//
// Bytes that nobody has to remember: each 8-byte word of an object is a mix of the object's own start and
// the word's place, so that any range can be made, or compared with what a server sent, without what
// stands before it. Bytes of another object, or of another place, differ; they do not compress.
//
//   Memory   None.
//   Limits   Several GB/s on one core (README.md has the figure). Little-endian words. Not for secrets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace lode::bench {

// The finalizer of splitmix64 (Steele, Lea, Flood 2014), for small numbers that must become unlike each
// other.
[[nodiscard]] constexpr std::uint64_t mixed(std::uint64_t z) {
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
}

class content {
  public:
    content(std::uint64_t seed, std::uint64_t object)
        : start_(mixed(mixed(seed + 0x9e3779b97f4a7c15U) ^ (object * 0xd1342543de82ef95U + 1))) {}

    // The bytes [from, from + into.size()).
    void write(std::uint64_t from, std::span<std::byte> into) const;

    // Where `data` first differs from the bytes that begin at `from`; relative to `data`.
    [[nodiscard]] std::optional<std::size_t> first_difference(
        std::uint64_t from, std::span<const std::byte> data) const;

  private:
    std::uint64_t start_;
};

}  // namespace lode::bench
