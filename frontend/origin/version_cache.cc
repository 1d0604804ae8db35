#include "frontend/origin/version_cache.h"

#include <algorithm>
#include <utility>

#include "engine/base/assert.h"

namespace lode::frontend::origin {

version_cache::known version_cache::find(const object_name& name) {
    const auto found = entries_.find(key_of(name));
    if (found == entries_.end() || found->second.version == nullptr) return {};
    by_age_.move_to_back(found->second);
    const entry& e = found->second;
    return {.version = e.version,
            .confirmed = e.when,
            .doubted = something_written_ && e.when <= *something_written_};
}

void version_cache::remember(const object_name& name, version_ptr version, time_point asked) {
    LODE_ASSERT(version != nullptr);
    const auto found = entries_.find(key_of(name));
    if (found != entries_.end() && found->second.when > asked) return;
    put(name, std::move(version), asked);
}

void version_cache::written(const object_name& name, time_point when) { put(name, nullptr, when); }

time_point version_cache::written_last(const object_name& name) {
    const auto found = entries_.find(key_of(name));
    const time_point last = found != entries_.end() ? found->second.when : lost_;
    return std::max(last, something_written_.value_or(time_point{}));
}

void version_cache::something_written(time_point when) { something_written_ = when; }

void version_cache::put(const object_name& name, version_ptr version, time_point when) {
    const auto known = entries_.find(key_of(name));
    if (known != entries_.end()) erase(known->second);
    const auto [place, inserted] = entries_.try_emplace(std::string(key_of(name)));
    LODE_ASSERT(inserted);
    entry& e = place->second;
    e.name = place->first;
    e.version = std::move(version);
    e.when = when;
    by_age_.push_back(e);
    memory_ += cost_of(e);
    while (entries_.size() > objects_max_ || memory_ > memory_max) {
        lost_ = std::max(lost_, by_age_.front().when);
        erase(by_age_.front());
    }
}

void version_cache::forget(const object_name& name, time_point when) {
    if (entries_.contains(key_of(name))) put(name, nullptr, when);
}

std::size_t version_cache::cost_of(const entry& e) {
    constexpr std::size_t bookkeeping = 128;  // hash node, list hook, control block
    return bookkeeping + e.name.size() + (e.version == nullptr ? 0 : e.version->memory());
}

std::string_view version_cache::key_of(const object_name& name) {
    key_.clear();
    name.append_to(key_);
    return key_;
}

void version_cache::erase(entry& e) {
    memory_ -= cost_of(e);
    e.unlink();
    entries_.erase(entries_.find(e.name));
}

}  // namespace lode::frontend::origin
