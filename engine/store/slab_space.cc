#include "engine/store/slab_space.h"

#include <algorithm>
#include <bit>

#include "engine/base/assert.h"

namespace lode::engine {
namespace {

constexpr std::uint32_t word_bits = 64;

constexpr size_class largest(size_class::count - 1);

}  // namespace

slab_space::slab_space(bytes slab_size, std::uint32_t slabs)
    : slab_size_(slab_size), slabs_(slabs) {
    for (std::uint8_t c = 0; c < size_class::count; ++c) {
        slots_per_slab_[c] = format::slots_in_slab(slab_size, size_class(c));
        LODE_ASSERT(slots_per_slab_[c] > 0 && slots_per_slab_[c] <= 1U << format::slot_bits);
    }
    unassigned_.reserve(slabs);
    for (std::uint32_t i = slabs; i-- > 0;) unassigned_.push_back(i);
}

std::optional<slab_space::allocation> slab_space::allocate(size_class c, part_ref owner) {
    auto& open = open_[c.index()];
    const bool first_of_slab = open.empty();
    if (first_of_slab) {
        if (unassigned_.empty()) return std::nullopt;
        const std::uint32_t fresh = unassigned_.back();
        unassigned_.pop_back();
        open_slab(fresh, c, last_generation_ + 1);
    }
    const std::uint32_t number = open.back();
    const slab& s = slabs_[number];
    std::uint32_t word = 0;
    while (s.free[word] == 0) ++word;
    const format::slot_address at{
        .slab = number,
        .slot = word * word_bits + static_cast<std::uint32_t>(std::countr_zero(s.free[word]))};
    occupy(at, owner);
    return allocation{.at = at, .first_of_slab = first_of_slab};
}

void slab_space::release(format::slot_address at) {
    LODE_ASSERT(at.slab < slabs_.size());
    slab& s = slabs_[at.slab];
    LODE_ASSERT(s.assigned && s.used > 0);
    const size_class c = s.size;
    const std::uint64_t bit = std::uint64_t{1} << (at.slot % word_bits);
    LODE_ASSERT(at.slot < slots_per_slab_[c.index()]);
    LODE_ASSERT((s.free[at.slot / word_bits] & bit) == 0);
    if (s.used == slots_per_slab_[c.index()]) list_open(at.slab);
    s.free[at.slot / word_bits] |= bit;
    --s.used;
    loose_[c.index()] += c.size();
    used_ -= c.size();
    --slots_used_;
    // A slab that is being restored may have slots that are still to come.
    if (s.used > 0 || restoring_) return;
    close_slab(at.slab);
    unassigned_.push_back(at.slab);
}

void slab_space::restore_slab(std::uint32_t number, size_class c, std::uint64_t generation) {
    restoring_ = true;
    open_slab(number, c, generation);
}

void slab_space::leave_alone(std::uint32_t number) {
    LODE_ASSERT(number < slabs_.size() && !slabs_[number].assigned);
    slabs_[number].left_alone = true;
}

void slab_space::restore_slot(format::slot_address at, part_ref owner) { occupy(at, owner); }

void slab_space::finish_restore() {
    restoring_ = false;
    unassigned_.clear();
    for (auto i = static_cast<std::uint32_t>(slabs_.size()); i-- > 0;) {
        if (slabs_[i].assigned && slabs_[i].used == 0) close_slab(i);
        if (!slabs_[i].assigned && !slabs_[i].left_alone) unassigned_.push_back(i);
    }
}

void slab_space::tenants_of(std::uint32_t number, std::vector<tenant>& into) const {
    const slab& s = at(number);
    LODE_ASSERT(s.assigned && s.size != largest);
    for (std::uint32_t slot = 0; slot < slots_per_slab_[s.size.index()]; ++slot) {
        if (((s.free[slot / word_bits] >> (slot % word_bits)) & 1U) != 0) continue;
        into.push_back({.at = {.slab = number, .slot = slot}, .owner = s.owners[slot]});
    }
}

bytes slab_space::loose_for(size_class c) const {
    bytes sum;
    for (std::uint8_t other = 0; other < size_class::count; ++other) {
        if (other != c.index()) sum += loose_[other];
    }
    return sum;
}

std::optional<std::uint32_t> slab_space::emptiest_for(
    size_class c, const std::vector<std::uint32_t>& refused) const {
    std::optional<std::uint32_t> best;
    bytes best_used;
    for (std::uint32_t i = 0; i < slabs_.size(); ++i) {
        const slab& s = slabs_[i];
        if (!s.assigned || s.size == c || std::ranges::find(refused, i) != refused.end()) continue;
        const bytes used = s.size.size() * s.used;
        if (best && used >= best_used) continue;
        best = i;
        best_used = used;
    }
    return best;
}

const slab_space::slab& slab_space::at(std::uint32_t number) const {
    LODE_ASSERT(number < slabs_.size());
    return slabs_[number];
}

void slab_space::occupy(format::slot_address at, part_ref owner) {
    LODE_ASSERT(at.slab < slabs_.size());
    slab& s = slabs_[at.slab];
    const size_class c = s.size;
    const std::uint64_t bit = std::uint64_t{1} << (at.slot % word_bits);
    LODE_ASSERT(s.assigned && at.slot < slots_per_slab_[c.index()]);
    LODE_ASSERT((s.free[at.slot / word_bits] & bit) != 0);
    s.free[at.slot / word_bits] &= ~bit;
    if (!s.owners.empty()) s.owners[at.slot] = owner;
    if (++s.used == slots_per_slab_[c.index()]) unlist_open(at.slab);
    loose_[c.index()] -= c.size();
    used_ += c.size();
    ++slots_used_;
}

void slab_space::open_slab(std::uint32_t number, size_class c, std::uint64_t generation) {
    LODE_ASSERT(number < slabs_.size());
    slab& s = slabs_[number];
    LODE_ASSERT(!s.assigned && s.used == 0);
    const std::uint32_t slots = slots_per_slab_[c.index()];
    s.assigned = true;
    s.size = c;
    s.generation = generation;
    last_generation_ = std::max(last_generation_, generation);
    s.free.assign((slots + word_bits - 1) / word_bits, ~std::uint64_t{0});
    if (slots % word_bits != 0) s.free.back() = (std::uint64_t{1} << (slots % word_bits)) - 1;
    if (c != largest) s.owners.assign(slots, no_part);
    loose_[c.index()] += c.size() * slots;
    list_open(number);
}

// The last slot is free again: the slab may serve another class.
void slab_space::close_slab(std::uint32_t number) {
    slab& s = slabs_[number];
    LODE_ASSERT(s.assigned && s.used == 0);
    unlist_open(number);
    loose_[s.size.index()] -= s.size.size() * slots_per_slab_[s.size.index()];
    s.assigned = false;
    s.free = {};
    s.owners = {};
}

void slab_space::list_open(std::uint32_t number) {
    auto& open = open_[slabs_[number].size.index()];
    slabs_[number].open_index = static_cast<std::uint32_t>(open.size());
    open.push_back(number);
}

void slab_space::unlist_open(std::uint32_t number) {
    auto& open = open_[slabs_[number].size.index()];
    const std::uint32_t place = slabs_[number].open_index;
    LODE_ASSERT(open[place] == number);
    open[place] = open.back();
    slabs_[open[place]].open_index = place;
    open.pop_back();
}

}  // namespace lode::engine
