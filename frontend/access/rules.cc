#include "frontend/access/rules.h"

#include <algorithm>
#include <utility>

namespace lode::frontend::access {
namespace {

bool in_buckets(const rule& r, std::string_view bucket) {
    return std::ranges::any_of(r.buckets,
                               [&](std::string_view pattern) { return matches(pattern, bucket); });
}

// Whether the rule covers every key that begins with `start`.
bool covers_keys(const rule& r, std::string_view start) {
    return r.prefixes.empty() || std::ranges::any_of(r.prefixes, [&](std::string_view prefix) {
               return start.starts_with(prefix);
           });
}

bool covers(const rule& r, const demand& wanted) {
    switch (wanted.where) {
        case demand::reach::below:
            return r.gives(wanted.needs) && in_buckets(r, wanted.bucket) &&
                   covers_keys(r, wanted.key);
        case demand::reach::touching: return in_buckets(r, wanted.bucket);
        case demand::reach::everywhere:
            return r.gives(wanted.needs) && covers_keys(r, {}) &&
                   std::ranges::find(r.buckets, "*") != r.buckets.end();
    }
    std::unreachable();
}

}  // namespace

bool permits(const client_key& key, const demand& wanted) {
    return std::ranges::any_of(key.rules, [&](const rule& r) { return covers(r, wanted); });
}

bool rule::gives(right r) const {
    switch (r) {
        case right::read: return read;
        case right::write: return write;
        case right::admin: return admin;
    }
    std::unreachable();
}

// Remembers the last '*': when what follows it does not fit, it swallows one byte more.
bool matches(std::string_view pattern, std::string_view text) {
    constexpr auto none = std::string_view::npos;
    std::size_t p = 0;
    std::size_t t = 0;
    std::size_t star = none;
    std::size_t swallowed = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            swallowed = t;
        } else if (p < pattern.size() && pattern[p] == text[t]) {
            ++p;
            ++t;
        } else if (star != none) {
            p = star + 1;
            t = ++swallowed;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', p) == none;
}

key_ring::~key_ring() {
    for (auto& [name, key] : keys_) s3::wipe(key.secret_key);
}

bool key_ring::add(client_key&& key) {
    std::string name = key.access_key;
    return keys_.try_emplace(std::move(name), std::move(key)).second;
}

const client_key* key_ring::find(std::string_view access_key) const {
    const auto found = keys_.find(access_key);
    return found == keys_.end() ? nullptr : &found->second;
}

std::optional<std::string_view> key_ring::secret_of(std::string_view access_key) const {
    const client_key* key = find(access_key);
    if (key == nullptr) return std::nullopt;
    return key->secret_key;
}

}  // namespace lode::frontend::access
