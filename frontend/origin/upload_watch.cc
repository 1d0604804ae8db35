#include "frontend/origin/upload_watch.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <openssl/evp.h>

#include "engine/base/assert.h"
#include "frontend/s3/etag.h"

namespace lode::frontend::origin {
namespace {

constexpr std::size_t entry_bookkeeping = 160;  // hash node, list hook, key

std::string joined(std::string_view object, std::string_view other) {
    std::string key(object);
    key += other;
    return key;
}

template <std::size_t N>
std::optional<std::array<std::uint8_t, N>> bytes_of_hex(std::string_view hex) {
    std::array<std::uint8_t, N> out{};
    if (hex.size() != 2 * N) return std::nullopt;
    for (std::size_t i = 0; i < N; ++i) {
        const char* at = hex.data() + 2 * i;
        const auto [end, problem] = std::from_chars(at, at + 2, out[i], 16);
        if (problem != std::errc() || end != at + 2) return std::nullopt;
    }
    return out;
}

// "<md5 of the digests>-N", without quotes.
template <class Parts>
std::string multipart_etag(const Parts& parts) {
    std::vector<std::uint8_t> digests;
    for (const auto& p : parts) digests.insert(digests.end(), p.digest.begin(), p.digest.end());
    std::array<std::uint8_t, 16> sum{};
    const int done =
        EVP_Digest(digests.data(), digests.size(), sum.data(), nullptr, EVP_md5(), nullptr);
    LODE_ASSERT(done == 1);
    constexpr std::string_view digits = "0123456789abcdef";
    std::string etag;
    for (const std::uint8_t b : sum) {
        etag += digits[b >> 4U];
        etag += digits[b & 0xfU];
    }
    return etag + '-' + std::to_string(parts.size());
}

}  // namespace

void upload_watch::part_arrived(std::string_view object, std::string_view upload_id,
                                std::uint32_t number, bytes length, std::string_view etag) {
    const auto digest = bytes_of_hex<16>(s3::unquoted(etag));
    if (!digest) return part_unknown(object, upload_id);
    entry& e = under_way_.at(joined(object, upload_id));
    const std::size_t before = e.memory();
    const auto place = std::ranges::lower_bound(e.parts, number, {}, &seen_part::number);
    const seen_part seen{.number = number, .length = length, .digest = *digest};
    if (place != e.parts.end() && place->number == number) {
        *place = seen;
    } else {
        e.parts.insert(place, seen);
    }
    under_way_.account(e, before);
}

// Nothing that is known of it will ever match its ETag; what comes later is noted in vain.
void upload_watch::part_unknown(std::string_view object, std::string_view upload_id) {
    aborted(object, upload_id);
}

void upload_watch::completed(std::string_view object, std::string_view upload_id) {
    const auto found = under_way_.by_key.find(joined(object, upload_id));
    if (found == under_way_.by_key.end()) return;
    const std::vector<seen_part> parts = found->second.parts;
    aborted(object, upload_id);
    std::vector<bytes> lengths;
    lengths.reserve(parts.size());
    for (const seen_part& p : parts) lengths.push_back(p.length);
    auto layout = part_layout::of_lengths(lengths);
    if (!layout) return;
    entry& e = taught_.at(joined(object, multipart_etag(parts)));
    const std::size_t before = e.memory();
    e.layout = std::move(*layout);
    taught_.account(e, before);
}

void upload_watch::aborted(std::string_view object, std::string_view upload_id) {
    const auto found = under_way_.by_key.find(joined(object, upload_id));
    if (found != under_way_.by_key.end()) under_way_.erase(found->second);
}

std::optional<part_layout> upload_watch::layout_of(std::string_view object,
                                                   std::string_view etag) const {
    const auto found = taught_.by_key.find(joined(object, s3::unquoted(etag)));
    return found == taught_.by_key.end() ? std::nullopt : found->second.layout;
}

std::size_t upload_watch::entry::memory() const {
    return entry_bookkeeping + key.size() + parts.capacity() * sizeof(seen_part) +
           (layout ? layout->memory() : 0);
}

upload_watch::entry& upload_watch::table::at(const std::string& key) {
    const auto [place, is_new] = by_key.try_emplace(key);
    entry& e = place->second;
    if (is_new) {
        e.key = place->first;
        memory += e.memory();
    } else {
        e.unlink();
    }
    by_age.push_back(e);
    return e;
}

void upload_watch::table::erase(entry& e) {
    memory -= e.memory();
    e.unlink();
    by_key.erase(by_key.find(e.key));
}

// The youngest entry, which is `e`, stays: it alone is below the limit.
void upload_watch::table::account(entry& e, std::size_t before) {
    memory += e.memory() - before;
    while (memory > memory_max && &by_age.front() != &e) erase(by_age.front());
}

}  // namespace lode::frontend::origin
