#include "bench/load/content.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace lode::bench {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::size_t word_length = sizeof(std::uint64_t);

// One multiplication, so that the loop below is bound by the memory it writes.
std::uint64_t word_at(std::uint64_t start, std::uint64_t index) {
    std::uint64_t z = start + index * 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 32U)) * 0xd6e8feb86659fd93U;
    return z ^ (z >> 29U);
}

void write_words(std::uint64_t start, std::uint64_t first, std::byte* into, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint64_t word = word_at(start, first + i);
        std::memcpy(into + i * word_length, &word, word_length);
    }
}

}  // namespace

void content::write(std::uint64_t from, std::span<std::byte> into) const {
    const std::size_t inside = from % word_length;
    std::uint64_t index = from / word_length;
    if (inside > 0 && !into.empty()) {
        const std::uint64_t word = word_at(start_, index++);
        const std::size_t count = std::min(word_length - inside, into.size());
        std::memcpy(into.data(), reinterpret_cast<const char*>(&word) + inside, count);
        into = into.subspan(count);
    }
    const std::size_t whole = into.size() / word_length;
    write_words(start_, index, into.data(), whole);
    if (const std::size_t rest = into.size() % word_length; rest > 0) {
        const std::uint64_t word = word_at(start_, index + whole);
        std::memcpy(into.data() + whole * word_length, &word, rest);
    }
}

std::optional<std::size_t> content::first_difference(std::uint64_t from,
                                                     std::span<const std::byte> data) const {
    // A piece that the processor's first cache holds beside what it is compared with.
    std::array<std::byte, 8192> expected;
    for (std::size_t done = 0; done < data.size();) {
        const auto piece = data.subspan(done, std::min(expected.size(), data.size() - done));
        write(from + done, std::span(expected).first(piece.size()));
        if (std::memcmp(expected.data(), piece.data(), piece.size()) != 0) {
            const auto where = std::ranges::mismatch(piece, expected).in1;
            return done + static_cast<std::size_t>(where - piece.begin());
        }
        done += piece.size();
    }
    return std::nullopt;
}

}  // namespace lode::bench
