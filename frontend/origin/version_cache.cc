#include "frontend/origin/version_cache.h"

#include <utility>

namespace lode::frontend::origin {

version_ptr version_cache::find(const object_name& name) {
    const auto found = entries_.find(key_of(name));
    if (found == entries_.end()) return nullptr;
    by_age_.move_to_back(found->second);
    return found->second.version;
}

void version_cache::remember(const object_name& name, version_ptr version) {
    forget(name);
    const auto [place, inserted] = entries_.try_emplace(std::string(key_of(name)));
    LODE_ASSERT(inserted);
    entry& e = place->second;
    e.name = place->first;
    e.version = std::move(version);
    by_age_.push_back(e);
    memory_ += cost_of(e);
    while (entries_.size() > objects_max_ || memory_ > memory_max) erase(by_age_.front());
}

void version_cache::forget(const object_name& name) {
    const auto found = entries_.find(key_of(name));
    if (found != entries_.end()) erase(found->second);
}

std::size_t version_cache::cost_of(const entry& e) {
    constexpr std::size_t bookkeeping = 128;  // hash node, list hook, control block
    return bookkeeping + e.name.size() + e.version->memory();
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
