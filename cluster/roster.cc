#include "cluster/roster.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "engine/base/assert.h"

namespace lode::cluster {
namespace {

using kind = roster_conflict::kind;

member member_of(const discovered& found) {
    return {.name = found.name,
            .address = found.address,
            .zone = found.zone,
            .capacity = found.capacity,
            .slots = found.slots,
            .draining = found.draining};
}

// Ranges may come from anywhere, and overlap.
std::uint64_t slots_of(const member& who) {
    std::uint64_t count = 0;
    for (const slot_range& range : who.slots) count += range.count;
    return count;
}

}  // namespace

roster::roster(member self, roster_rules rules) : self_(std::move(self)), rules_(rules) {
    LODE_ASSERT(!self_.name.empty());
    members_.push_back(self_);
}

void roster::set_self(member self) {
    LODE_ASSERT(self.name == self_.name);
    if (self.address.empty()) self.address = self_.address;
    if (self == self_) return;
    const auto own = std::ranges::find(members_, self_.name, &member::name);
    LODE_ASSERT(own != members_.end());
    self_ = std::move(self);
    *own = self_;
    ++changes_;
}

void roster::discover(const std::vector<discovered>& all, time_point now) {
    for (auto& [address, said] : said_) {
        if (by_address_.contains(address)) said.listed = now;
    }
    listed_ = all;
    by_address_.clear();
    for (std::size_t i = 0; i < listed_.size(); ++i) by_address_.emplace(listed_[i].address, i);
    std::erase_if(wrong_, [&](const auto& each) {
        const discovered* there = listed_at(each.first);
        return there == nullptr || there->name.empty() || there->name == each.second;
    });
    learn_own_address();
    rebuild(now);
}

bool roster::heard(std::string_view address, const member& said, time_point now) {
    const discovered* there = listed_at(address);
    const auto before = said_.find(address);
    if (there == nullptr && before == said_.end()) return false;
    if (address == self_.address) return false;

    const bool by_name = there != nullptr && !there->name.empty();
    if (by_name && there->name != said.name) {
        std::string& wrong = wrong_[std::string(address)];
        if (wrong == said.name) return false;
        wrong = said.name;
        rebuild(now);
        return false;
    }
    const bool was_wrong = wrong_.erase(std::string(address)) > 0;
    description& kept = before != said_.end() ? before->second : said_[std::string(address)];
    member described = said;
    described.address = address;
    // A word that was heard before changes nothing, unless somebody was silent or was left out.
    const bool is_news = kept.of != described || now - kept.heard >= rules_.silence;
    kept = {.of = std::move(described), .heard = now, .listed = kept.listed, .by_name = by_name};
    if (is_news || was_wrong || !is_member(said.name, address)) rebuild(now);
    return is_member(said.name, address);
}

void roster::expire(time_point now) {
    if (now >= next_expiry_) rebuild(now);
}

// Who holds a name or an address goes first; of the others the one that was heard last, and where that
// says nothing the smaller name: every node shall come to the same list.
void roster::rebuild(time_point now) {
    std::erase_if(said_, [&](const auto& each) {
        return !by_address_.contains(each.first) && !lingers(each.second, now);
    });
    std::vector<candidate> all = candidates(now);
    std::ranges::sort(all, [](const candidate& a, const candidate& b) {
        return std::tie(b.holds, b.heard, a.who.name, a.who.address) <
               std::tie(a.holds, a.heard, b.who.name, b.who.address);
    });

    std::vector<roster_conflict> found;
    found.reserve(wrong_.size());
    for (const auto& [address, name] : wrong_) {
        found.push_back({kind::wrong_name,
                         fmt::format("the node at {} calls itself \"{}\", and \"{}\" is expected "
                                     "there: it is left out",
                                     address, name, listed_at(address)->name)});
    }
    gathering into;
    into.add(self_);
    for (const candidate& c : all) admit(c, into, found);
    std::ranges::sort(into.members, {}, &member::name);
    settle(std::move(found));
    plan(now);
    if (into.members == members_) return;
    members_ = std::move(into.members);
    ++changes_;
}

std::vector<roster::candidate> roster::candidates(time_point now) const {
    std::vector<candidate> all;
    for (const discovered& each : listed_) {
        const auto said = said_.find(each.address);
        if (each.name.empty()) {
            if (said != said_.end()) all.push_back(as_candidate(said->second, now));
            continue;
        }
        candidate c{
            .who = member_of(each), .holds = is_member(each.name, each.address), .heard = {}};
        if (said != said_.end() && said->second.of.name == each.name) {
            c.who.draining = c.who.draining || said->second.of.draining;
        }
        all.push_back(std::move(c));
    }
    for (const auto& [address, said] : said_) {
        if (!by_address_.contains(address) && lingers(said, now)) {
            all.push_back(as_candidate(said, now));
        }
    }
    return all;
}

roster::candidate roster::as_candidate(const description& said, time_point now) const {
    const bool was_member = is_member(said.of.name, said.of.address);
    return {.who = said.of,
            .holds = was_member && now - said.heard < rules_.silence,
            .heard = said.heard};
}

void roster::admit(const candidate& c, gathering& into, std::vector<roster_conflict>& found) {
    const member& who = c.who;
    if (who.name == self_.name) {
        if (who.address == self_.address) return;
        found.push_back({kind::own_name,
                         fmt::format("the node at {} calls itself \"{}\", as this node does: give "
                                     "each its own node.name, or, if {} is this node, set "
                                     "cluster.advertise to it",
                                     who.address, who.name, who.address)});
        return;
    }
    if (const auto same = into.by_name.find(who.name); same != into.by_name.end()) {
        found.push_back({kind::same_name,
                         fmt::format("the nodes at {} and {} both call themselves \"{}\": the one "
                                     "at {} is left out",
                                     same->second, who.address, who.name, who.address)});
    } else if (const auto there = into.by_address.find(who.address);
               there != into.by_address.end()) {
        found.push_back(
            {kind::same_address,
             fmt::format("the nodes \"{}\" and \"{}\" both claim the address {}: \"{}\" "
                         "is left out",
                         there->second, who.name, who.address, who.name)});
    } else if (slots_of(who) > slots_per_member_max) {
        found.push_back({kind::too_many_slots,
                         fmt::format("the node \"{}\" at {} claims more than {} slots, the most "
                                     "that one may have: it is left out",
                                     who.name, who.address, slots_per_member_max)});
    } else if (into.zones.size() == zones_max && !into.zones.contains(who.zone)) {
        if (found.empty() || found.back().what != kind::too_many_zones) {
            found.push_back({kind::too_many_zones,
                             fmt::format("there are more than {} zones: \"{}\" of zone \"{}\" and "
                                         "others are left out",
                                         zones_max, who.name, who.zone)});
        }
    } else if (into.members.size() == members_max) {
        if (found.empty() || found.back().what != kind::too_many) {
            found.push_back({kind::too_many,
                             fmt::format("there are more than {} nodes: \"{}\" and others are left "
                                         "out",
                                         members_max, who.name)});
        }
    } else {
        into.add(who);
    }
}

void roster::gathering::add(const member& who) {
    members.push_back(who);
    zones.insert(who.zone);
    by_name.emplace(who.name, who.address);
    if (!who.address.empty()) by_address.emplace(who.address, who.name);
}

// What has to be done later: whom to call, and when to look for those who have left.
void roster::plan(time_point now) {
    unknown_.clear();
    for (const discovered& each : listed_) {
        if (!each.name.empty() || each.address == self_.address) continue;
        if (!said_.contains(each.address)) unknown_.push_back(each.address);
    }
    next_expiry_ = never;
    for (const auto& [address, said] : said_) {
        if (by_address_.contains(address)) continue;
        const time_point leaves = std::max(said.heard, said.listed) + rules_.linger;
        next_expiry_ = std::min(next_expiry_, std::max(leaves, now));
    }
}

void roster::settle(std::vector<roster_conflict> found) {
    for (const roster_conflict& each : found) {
        if (std::ranges::find(conflicts_, each) == conflicts_.end()) ++conflicts_seen_;
    }
    conflicts_ = std::move(found);
}

// The source knows this node's address where its operator did not say it.
void roster::learn_own_address() {
    if (!self_.address.empty()) return;
    const auto own = std::ranges::find(listed_, self_.name, &discovered::name);
    if (own != listed_.end()) self_.address = own->address;
}

const discovered* roster::listed_at(std::string_view address) const {
    const auto there = by_address_.find(address);
    return there == by_address_.end() ? nullptr : &listed_[there->second];
}

bool roster::is_member(std::string_view name, std::string_view address) const {
    const auto there = std::ranges::lower_bound(members_, name, {}, &member::name);
    return there != members_.end() && there->name == name && there->address == address;
}

bool roster::lingers(const description& said, time_point now) const {
    return !said.by_name && now - std::max(said.heard, said.listed) < rules_.linger;
}

}  // namespace lode::cluster
