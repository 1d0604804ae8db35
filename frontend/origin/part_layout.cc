#include "frontend/origin/part_layout.h"

#include <algorithm>

#include "engine/base/assert.h"

namespace lode::frontend::origin {
namespace {

constexpr bytes mebibyte{1ULL << 20U};

}  // namespace

part_layout part_layout::whole(bytes size) {
    part_layout made;
    made.size_ = made.part_ = size;
    return made;
}

part_layout part_layout::uniform(bytes size, bytes part, certainty known) {
    LODE_ASSERT(part > bytes(0) && size > bytes(0));
    const std::uint64_t parts = ceil_div(size, part);
    LODE_ASSERT(parts <= parts_max);
    part_layout made;
    made.size_ = size;
    made.part_ = part;
    made.parts_ = static_cast<std::uint32_t>(parts);
    made.known_ = known;
    return made;
}

part_layout part_layout::computed(bytes size, std::uint32_t parts) {
    const auto cuts_into = [&](bytes part) { return ceil_div(size, part) == parts; };
    if (parts > 1 && parts <= parts_max && size >= bytes(parts)) {
        // The smallest p with ceil(size / p) <= parts; if that is fewer, a larger p is no better.
        const bytes exact(ceil_div(size, bytes(parts)));
        const bytes rounded = round_up(exact, mebibyte);
        if (cuts_into(rounded)) return uniform(size, rounded, certainty::computed);
        if (cuts_into(exact)) return uniform(size, exact, certainty::computed);
    }
    part_layout made = whole(size);
    if (parts > 1) made.known_ = certainty::computed;
    return made;
}

result<part_layout> part_layout::of_lengths(std::span<const bytes> lengths) {
    if (lengths.empty() || lengths.size() > parts_max) return fail(errc::invalid);
    if (lengths.size() == 1) return whole(lengths.front());
    auto ends = std::make_shared<std::vector<object_offset>>();
    ends->reserve(lengths.size());
    object_offset end(0);
    for (const bytes length : lengths) {
        if (length == bytes(0)) return fail(errc::invalid);
        end = end + length;
        ends->push_back(end);
    }
    const bytes size(end.value());
    const auto same = std::ranges::all_of(lengths.first(lengths.size() - 1),
                                          [&](bytes b) { return b == lengths.front(); });
    if (same && lengths.back() <= lengths.front()) {
        return uniform(size, lengths.front(), certainty::exact);
    }
    part_layout made;
    made.size_ = size;
    made.parts_ = static_cast<std::uint32_t>(lengths.size());
    made.ends_ = std::move(ends);
    return made;
}

part_layout part_layout::around(bytes size, part_extent part) {
    LODE_ASSERT(part.length > bytes(0) && part.first.value() <= size.count());
    const bytes before(part.first.value());
    LODE_ASSERT(part.length <= size - before);
    auto ends = std::make_shared<std::vector<object_offset>>();
    if (before > bytes(0)) ends->push_back(part.first);
    ends->push_back(part.end());
    if (part.end().value() < size.count()) ends->emplace_back(size.count());
    part_layout made;
    made.size_ = size;
    made.parts_ = static_cast<std::uint32_t>(ends->size());
    made.known_ = certainty::computed;
    made.ends_ = std::move(ends);
    return made;
}

part_extent part_layout::at(std::uint32_t index) const {
    LODE_ASSERT(index < parts_);
    if (ends_ != nullptr) {
        const object_offset first = index == 0 ? object_offset(0) : (*ends_)[index - 1];
        return {.first = first, .length = (*ends_)[index] - first};
    }
    const object_offset first(part_.count() * index);
    return {.first = first, .length = std::min(part_, size_ - bytes(first.value()))};
}

std::uint32_t part_layout::part_with(object_offset at) const {
    LODE_ASSERT(at.value() < size_.count());
    if (ends_ == nullptr) return static_cast<std::uint32_t>(at.value() / part_.count());
    return static_cast<std::uint32_t>(std::ranges::upper_bound(*ends_, at) - ends_->begin());
}

std::optional<part_extent> part_layout::numbered(std::uint32_t number) const {
    if (number == 0 || number > parts_ || known_ == certainty::computed) return std::nullopt;
    const bool end = number == 1 || number == parts_;
    if (known_ == certainty::ends && !end) return std::nullopt;
    return at(number - 1);
}

bool operator==(const part_layout& a, const part_layout& b) {
    if (a.size_ != b.size_ || a.parts_ != b.parts_) return false;
    for (std::uint32_t i = 0; i < a.parts_; ++i) {
        if (a.at(i) != b.at(i)) return false;
    }
    return true;
}

}  // namespace lode::frontend::origin
