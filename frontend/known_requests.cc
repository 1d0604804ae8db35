#include "frontend/known_requests.h"

#include <utility>

#include <openssl/crypto.h>

#include "engine/base/assert.h"
#include "engine/base/hash.h"

namespace lode::frontend {
namespace {

constexpr std::string_view end_of_head = "\r\n\r\n";

std::uint64_t hash_of(std::string_view head) { return xxh3_64(std::as_bytes(std::span(head))); }

}  // namespace

known_request::~known_request() { s3::wipe(text); }

known_requests::known_ptr known_requests::find(std::string_view arrived, wall_time now,
                                               std::uint64_t keys) {
    const auto end = arrived.substr(0, length_max).find(end_of_head);
    if (end == std::string_view::npos) return nullptr;
    const std::string_view head = arrived.substr(0, end + end_of_head.size());
    known_ptr& known = known_[hash_of(head) % places];
    if (known == nullptr) return nullptr;
    if (known->keys != keys || !known->as_admitted.passage.good.contains(now)) {
        known.reset();
        return nullptr;
    }
    if (known->text.size() != head.size()) return nullptr;
    return CRYPTO_memcmp(known->text.data(), head.data(), head.size()) == 0 ? known : nullptr;
}

bool known_requests::note(std::string_view head) {
    LODE_ASSERT(head.size() <= length_max);
    const std::uint64_t hash = hash_of(head);
    return std::exchange(came_once_[hash % places], hash) == hash;
}

void known_requests::keep(known_ptr known) {
    known_ptr& place = known_[hash_of(known->text) % places];
    place = std::move(known);
}

}  // namespace lode::frontend
