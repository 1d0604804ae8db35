#include "frontend/chunk_walk.h"

#include <algorithm>

#include "engine/base/assert.h"
#include "frontend/sealing/sealed_layout.h"

namespace lode::frontend {

chunk_walk::chunk_walk(const origin::object_version& version, object_offset first,
                       object_offset end, kept how)
    : version_(&version), first_(first), end_(end), how_(how) {
    LODE_ASSERT(first < end && end.value() <= version.size.count());
    enter(version.layout.part_with(first));
}

part_offset chunk_walk::chunk_begin() const {
    return how_ == kept::sealed ? sealing::slice_begin(chunk_) : engine::chunk_begin(chunk_);
}

bytes chunk_walk::chunk_length() const {
    return how_ == kept::sealed ? sealing::slice_length(part_.plain.length, chunk_)
                                : engine::chunk_length(part_.plain.length, chunk_);
}

std::size_t chunk_walk::first_in_chunk() const {
    const part_offset begin = chunk_begin();
    return (std::max(begin, part_.first) - begin).count();
}

std::size_t chunk_walk::end_in_chunk() const {
    const part_offset begin = chunk_begin();
    return (std::min(begin + chunk_length(), part_.end) - begin).count();
}

void chunk_walk::next_chunk() {
    LODE_ASSERT(!at_end_);
    if (++chunk_ == part_.chunks.first + part_.chunks.count) next_part();
}

void chunk_walk::next_part() {
    LODE_ASSERT(!at_end_);
    const object_offset part_end = part_.begins + part_.plain.length;
    if (part_end >= end_) {
        at_end_ = true;
        return;
    }
    enter(part_.index + 1);
}

std::uint32_t chunk_walk::parts_left() const {
    if (at_end_) return 0;
    return version_->layout.part_with(object_offset(end_.value() - 1)) - part_.index + 1;
}

void chunk_walk::enter(std::uint32_t index) {
    const origin::part_extent extent = version_->layout.at(index);
    const object_offset first = std::max(first_, extent.first);
    const object_offset end = std::min(end_, extent.end());
    part_ = {.index = index,
             .plain = version_->part(index),
             .stored = {},
             .begins = extent.first,
             .first = part_offset((first - extent.first).count()),
             .end = part_offset((end - extent.first).count()),
             .chunks = {}};
    const part_offset last(part_.end.value() - 1);
    const bool sealed = how_ == kept::sealed;
    chunk_ = sealed ? sealing::slice_of(part_.first) : engine::chunk_of(part_.first);
    const std::uint32_t last_chunk = sealed ? sealing::slice_of(last) : engine::chunk_of(last);
    part_.chunks = {.first = chunk_, .count = last_chunk - chunk_ + 1};
    part_.stored = part_.plain;
    if (sealed) part_.stored.length = sealing::sealed_length(part_.plain.length);
}

}  // namespace lode::frontend
