// bench/load/data_set.h
//
// The objects that a load reads and writes, as a function of data_options: how each is called, how long it
// is, where its parts lie, what is in it. Nothing is listed and nothing remembered.
//
//   Invariants  Two data sets of equal options are equal, on every machine and core.
//   Memory      The options.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bench/load/content.h"
#include "bench/load/load_options.h"
#include "engine/base/units.h"

namespace lode::bench {

// Bytes [begin, begin + length) of an object.
struct extent {
    std::uint64_t begin = 0;
    bytes length;

    friend bool operator==(const extent&, const extent&) = default;
};

class data_set {
  public:
    explicit data_set(data_options o);

    [[nodiscard]] std::uint64_t objects() const { return options_.objects; }
    [[nodiscard]] std::string_view bucket() const { return options_.bucket; }

    // Appends "data/0000000042".
    void append_key(std::uint64_t object, std::string& out) const;

    [[nodiscard]] bytes size_of(std::uint64_t object) const;
    [[nodiscard]] bytes largest() const { return largest_; }
    [[nodiscard]] content content_of(std::uint64_t object) const { return {options_.seed, object}; }

    // An object that is uploaded whole has one part. Part 0 is the first.
    [[nodiscard]] std::uint64_t parts_of(std::uint64_t object) const;
    [[nodiscard]] std::uint64_t parts_most() const { return parts_for(largest_); }
    [[nodiscard]] extent part_of(std::uint64_t object, std::uint64_t part) const;

  private:
    [[nodiscard]] std::uint64_t parts_for(bytes size) const;

    data_options options_;
    bytes largest_;
};

// The size that `draw`, a uniform 64-bit number, stands for. At least one weight is above 0.
[[nodiscard]] bytes size_drawn(const size_mix& mix, std::uint64_t draw);

}  // namespace lode::bench
