#include "engine/store/part_index.h"

#include <algorithm>
#include <bit>
#include <memory>
#include <utility>

namespace lode::engine {
namespace {

constexpr std::uint32_t tag_of(hash128 id) { return static_cast<std::uint32_t>(id.low); }

constexpr std::uint64_t entry_of(std::uint32_t tag, part_ref ref) {
    return (std::uint64_t{tag} << 32U) | (ref.value() + 1);
}
constexpr std::uint32_t tag_in(std::uint64_t entry) {
    return static_cast<std::uint32_t>(entry >> 32U);
}
constexpr part_ref ref_in(std::uint64_t entry) {
    return part_ref(static_cast<std::uint32_t>(entry) - 1);
}

// Three quarters full at most.
std::size_t table_size(std::uint32_t parts_max) {
    return std::bit_ceil(std::max<std::size_t>(16, parts_max + parts_max / 3 + 1));
}

}  // namespace

void part::open(const part_key& key) {
    LODE_ASSERT(held == 0 && on_device == 0 && busy == 0);
    LODE_ASSERT(key.length > bytes(0) && key.length <= part_length_max);
    id = key.id;
    length = key.length;
    colder = warmer = no_part;
    if (chunks() == 1) {
        records_.one = chunk_record();
    } else {
        records_.many = new chunk_record[chunks()];
    }
}

void part::clear() {
    if (length > chunk_size) delete[] records_.many;
    length = bytes(0);
}

part_index::part_index(std::uint32_t parts_max, std::uint64_t chunks_max)
    : table_memory_(bytes(table_size(parts_max) * sizeof(std::uint64_t))),
      parts_memory_(bytes(parts_max * sizeof(part))),
      // Zeros, which the kernel hands out: every entry is empty.
      table_(reinterpret_cast<std::uint64_t*>(table_memory_.data())),
      mask_(table_size(parts_max) - 1),
      parts_(reinterpret_cast<part*>(parts_memory_.data())),
      parts_max_(parts_max),
      chunks_max_(chunks_max) {
    LODE_ASSERT(parts_max > 0 && parts_max < no_part.value());
}

part_index::~part_index() { std::destroy_n(parts_, made_); }

part_ref part_index::find(hash128 id) const {
    const std::uint64_t entry = table_[place_of(id)];
    return entry == 0 ? no_part : ref_in(entry);
}

part_ref part_index::insert(const part_key& key) {
    const std::uint64_t further = chunk_count(key.length) - 1;
    if (size_ == parts_max_ || further_chunks_ + further > chunks_max_) return no_part;
    const std::size_t place = place_of(key.id);
    LODE_ASSERT(table_[place] == 0);
    const part_ref ref = take_part();
    at(ref).open(key);
    table_[place] = entry_of(tag_of(key.id), ref);
    ++size_;
    further_chunks_ += further;
    return ref;
}

bool part_index::erase_if_empty(part_ref ref) {
    part& p = at(ref);
    if (p.held > 0 || p.busy > 0) return false;
    LODE_ASSERT(p.on_device == 0 && p.colder == no_part && p.warmer == no_part);
    const std::size_t place = place_of(p.id);
    LODE_ASSERT(table_[place] != 0 && ref_in(table_[place]) == ref);
    remove_entry(place);
    further_chunks_ -= p.chunks() - 1;
    p.clear();
    p.colder = std::exchange(free_, ref);
    --size_;
    return true;
}

// The part that came free last is the one whose memory is near.
part_ref part_index::take_part() {
    if (free_ == no_part) {
        LODE_ASSERT(made_ < parts_max_);
        std::construct_at(parts_ + made_);
        return part_ref(made_++);
    }
    const part_ref ref = free_;
    free_ = at(ref).colder;
    return ref;
}

std::size_t part_index::place_of(hash128 id) const {
    const std::uint32_t tag = tag_of(id);
    for (std::size_t place = first_place(tag);; place = (place + 1) & mask_) {
        const std::uint64_t entry = table_[place];
        if (entry == 0) return place;
        if (tag_in(entry) != tag) continue;
        if (parts_[ref_in(entry).value()].id == id) return place;
    }
}

// Knuth's algorithm R (TAOCP 6.4): closes the gap, so that no tombstones pile up.
void part_index::remove_entry(std::size_t gap) {
    for (std::size_t next = (gap + 1) & mask_; table_[next] != 0; next = (next + 1) & mask_) {
        const std::size_t wanted = first_place(tag_in(table_[next]));
        // An entry may move back to the gap unless that is before the place where its search
        // begins.
        if (((next - wanted) & mask_) < ((next - gap) & mask_)) continue;
        table_[gap] = table_[next];
        gap = next;
    }
    table_[gap] = 0;
}

bytes part_index::memory() const {
    return bytes((mask_ + 1) * sizeof(std::uint64_t) + made_ * sizeof(part) +
                 further_chunks_ * sizeof(chunk_record));
}

}  // namespace lode::engine
