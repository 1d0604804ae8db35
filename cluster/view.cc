#include "cluster/view.h"

#include <algorithm>
#include <tuple>

#include "engine/base/assert.h"

namespace lode::cluster {
namespace {

std::pair<std::uint32_t, std::uint32_t> in_order(const slot_range& range) {
    return {range.first, range.count};
}

// Ascending and apart, so that equal claims look equal however they were written down.
void normalise(std::vector<slot_range>& slots) {
    std::ranges::sort(slots, {}, in_order);
    std::vector<slot_range> whole;
    for (const slot_range& range : slots) {
        if (range.count == 0 || range.first >= slots_max) continue;
        const std::uint32_t end = range.first + std::min(range.count, slots_max - range.first);
        if (!whole.empty() && whole.back().first + whole.back().count >= range.first) {
            const std::uint32_t first = whole.back().first;
            whole.back().count = std::max(whole.back().count, end - first);
        } else {
            whole.push_back({.first = range.first, .count = end - range.first});
        }
    }
    slots = std::move(whole);
}

// Little endian on every machine, each text after its length.
class digest_text {
  public:
    void add(std::uint32_t number) {
        for (unsigned shift = 0; shift < 32; shift += 8) {
            text_.push_back(static_cast<std::byte>(number >> shift));
        }
    }
    void add(std::string_view text) {
        add(static_cast<std::uint32_t>(text.size()));
        const auto raw = std::as_bytes(std::span(text));
        text_.insert(text_.end(), raw.begin(), raw.end());
    }
    [[nodiscard]] std::uint64_t hash() const { return xxh3_64(text_); }

  private:
    std::vector<std::byte> text_;
};

std::uint64_t digest_of(std::span<const member> members) {
    digest_text text;
    for (const member& m : members) {
        text.add(m.name);
        text.add(m.zone);
        text.add(static_cast<std::uint32_t>(m.slots.size()));
        for (const slot_range& range : m.slots) {
            text.add(range.first);
            text.add(range.count);
        }
    }
    return text.hash();
}

// By all that matters to placement, so that the order of arrival does not.
bool comes_before(const member& a, const member& b) {
    const auto what_is_plain = [](const member& m) { return std::tie(m.name, m.address, m.zone); };
    if (what_is_plain(a) != what_is_plain(b)) return what_is_plain(a) < what_is_plain(b);
    return std::ranges::lexicographical_compare(a.slots, b.slots, {}, in_order, in_order);
}

const slot_table nobodys;

}  // namespace

view::view(std::vector<member> members, std::string_view self) : members_(std::move(members)) {
    for (member& m : members_) normalise(m.slots);
    std::ranges::sort(members_, comes_before);
    const auto again = std::ranges::unique(members_, {}, &member::name);
    members_.erase(again.begin(), again.end());
    if (members_.size() > members_max) members_.resize(members_max);

    for (const member& m : members_) zones_.push_back(m.zone);
    std::ranges::sort(zones_);
    const auto known = std::ranges::unique(zones_);
    zones_.erase(known.begin(), known.end());
    for (const std::string& zone : zones_) tables_.emplace_back(members_, zone);

    self_ = find(self);
    own_table_ = self_ ? &table((*this)[*self_].zone) : &nobodys;
    digest_ = digest_of(members_);
}

const member& view::operator[](member_index who) const {
    LODE_ASSERT(who.value() < members_.size());
    return members_[who.value()];
}

std::optional<member_index> view::find(std::string_view name) const {
    const auto at = std::ranges::lower_bound(members_, name, {}, &member::name);
    if (at == members_.end() || at->name != name) return std::nullopt;
    return member_index(static_cast<std::uint16_t>(at - members_.begin()));
}

const slot_table& view::table(std::string_view zone) const {
    const auto at = std::ranges::lower_bound(zones_, zone);
    if (at == zones_.end() || *at != zone) return nobodys;
    return tables_[static_cast<std::size_t>(at - zones_.begin())];
}

}  // namespace lode::cluster
