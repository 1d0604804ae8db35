// frontend/peer/fields.h
//
// "name=value&name=value", percent-encoded: how everything that nodes tell each other is written. Read
// strictly: every name known, none twice, none left out that must be there, every value within its limit.
// What two nodes may leave unsaid is for the number of the protocol to decide, not for a reader's patience.
//
//   Memory  The reader borrows the text; decoded values are the caller's.
//   Errors  The first thing that is wrong, as one sentence; after it every value reads as nothing.
//   Limits  fields_max fields.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/hash.h"

namespace lode::frontend::peer {

inline constexpr std::size_t fields_max = 24;

class field_writer {
  public:
    // Appends to `out`, which must outlive the writer.
    explicit field_writer(std::string& out) : out_(out) {}

    field_writer& add(std::string_view name, std::string_view value);
    field_writer& add(std::string_view name, std::uint64_t value);
    // Nothing for an empty value.
    field_writer& add_some(std::string_view name, std::string_view value);
    field_writer& add_hex(std::string_view name, std::uint64_t value);
    field_writer& add_hex(std::string_view name, hash128 value);

  private:
    void begin(std::string_view name);

    std::string& out_;
    bool first_ = true;
};

class field_reader {
  public:
    field_reader(std::string_view text, std::span<const std::string_view> known);

    [[nodiscard]] bool has(std::string_view name) const;

    // Bytes without control characters, at most `most` after decoding.
    enum class may_be : std::uint8_t { some, empty };  // left out counts as empty
    std::string text(std::string_view name, std::size_t most, may_be m = may_be::some);
    // Any bytes but NUL.
    std::string raw_text(std::string_view name, std::size_t most);
    std::uint64_t number(std::string_view name, std::uint64_t most);
    std::uint64_t hex64(std::string_view name);
    hash128 hex128(std::string_view name);

    // The number of the word in `words`.
    std::size_t word(std::string_view name, std::span<const std::string_view> words);

    // What the caller found wrong with a value. The first sentence stays.
    void refuse(std::string_view name, std::string_view what);

    [[nodiscard]] bool good() const { return problem_.empty(); }
    [[nodiscard]] const std::string& problem() const { return problem_; }

  private:
    struct field {
        std::string_view name;
        std::string_view value;
    };

    void take(std::string_view pair, std::span<const std::string_view> known);
    std::optional<std::string_view> find(std::string_view name) const;
    std::string decoded(std::string_view name, std::size_t most, may_be m);

    std::array<field, fields_max> fields_{};
    std::size_t count_ = 0;
    std::string problem_;
};

// Decimal without sign or superfluous zeros; nothing for anything else, or beyond `most`.
[[nodiscard]] std::optional<std::uint64_t> decimal(std::string_view text, std::uint64_t most);

}  // namespace lode::frontend::peer
