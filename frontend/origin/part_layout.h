// frontend/origin/part_layout.h
//
// How the bytes of an object version are cut into the parts as which they were uploaded. The cache
// keeps parts; a layout that does not match the upload is still right about every byte, it only
// places and evicts them in other pieces.
//
//   Memory      A uniform layout is three numbers; another one is 8 bytes per part, shared.
//   Invariants  The parts cover the object without gap or overlap. An empty object has one empty
//               part. No other part is empty.
//   Limits      10,000 parts, as in S3.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/units.h"

namespace lode::frontend::origin {

inline constexpr std::uint32_t parts_max = 10'000;

struct part_extent {
    object_offset first;
    bytes length;

    [[nodiscard]] object_offset end() const { return first + length; }
    friend bool operator==(const part_extent&, const part_extent&) = default;
};

class part_layout {
  public:
    // What we may tell a client that asks for one part by its number.
    enum class certainty : std::uint8_t {
        computed,  // a guess that every node makes in the same way: nothing
        ends,      // the origin named the first and the last part, and the rest fits: those two
        exact,     // every part as it was uploaded
    };

    // One part: an object that was uploaded in one piece.
    [[nodiscard]] static part_layout whole(bytes size);

    // Parts of `part` each, the last one shorter. Requires 0 < part and at most parts_max parts.
    [[nodiscard]] static part_layout uniform(bytes size, bytes part, certainty known);

    // The smallest whole number of MiB that cuts `size` into `parts` parts; where no whole number
    // of MiB does, the smallest number of bytes; where that does not either, one part. Only a
    // function of its arguments, so that every node computes the same.
    [[nodiscard]] static part_layout computed(bytes size, std::uint32_t parts);

    // As uploaded. `invalid`: none, too many, an empty one among several.
    [[nodiscard]] static result<part_layout> of_lengths(std::span<const bytes> lengths);

    // One part that is known, and what lies before and behind it as one piece each: for whoever is asked
    // for that part only. Requires a part that is not empty and lies within the size.
    [[nodiscard]] static part_layout around(bytes size, part_extent part);

    [[nodiscard]] bytes size() const { return size_; }
    [[nodiscard]] std::uint32_t parts() const { return parts_; }
    [[nodiscard]] certainty known() const { return known_; }

    // `index` counts from 0 and is below parts().
    [[nodiscard]] part_extent at(std::uint32_t index) const;

    // The part that holds a byte of the object; `at` is below size().
    [[nodiscard]] std::uint32_t part_with(object_offset at) const;

    // The part with this number, which counts from 1, where it is certain; else nothing.
    [[nodiscard]] std::optional<part_extent> numbered(std::uint32_t number) const;

    [[nodiscard]] std::size_t memory() const {
        return ends_ == nullptr ? 0 : ends_->size() * sizeof(object_offset);
    }

    // Same parts, whatever is known of them.
    friend bool operator==(const part_layout& a, const part_layout& b);

  private:
    part_layout() = default;

    bytes size_;
    bytes part_;  // of a uniform layout
    std::uint32_t parts_ = 1;
    certainty known_ = certainty::exact;
    std::shared_ptr<const std::vector<object_offset>> ends_;  // of another
};

}  // namespace lode::frontend::origin
