// tests/frontend/sealing/keys.h
//
// What tests of sealing share: two customer's keys as clients send them (bytes 0 to 31, and 1 to 32),
// and plaintext.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/base/random.h"
#include "frontend/sealing/customer_key.h"
#include "frontend/sealing/sealed_layout.h"

namespace lode::frontend::sealing {

inline constexpr std::string_view one_key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
inline constexpr std::string_view one_md5 = "tP/LI3N87DFaSk0aoqYgzg==";
inline constexpr std::string_view other_key = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
inline constexpr std::string_view other_md5 = "WYUzG87JcbJiEiqhylrUEQ==";

inline std::vector<http::header> key_fields(std::string_view key = one_key,
                                            std::string_view md5 = one_md5,
                                            std::string_view algorithm = "AES256") {
    return {{"Host", "h"},
            {"x-amz-server-side-encryption-customer-algorithm", algorithm},
            {"X-Amz-Server-Side-Encryption-Customer-Key", key},
            {"x-amz-server-side-encryption-customer-key-MD5", md5}};
}

inline customer_key one() { return std::move(*customer_key::from(key_fields())); }
inline customer_key another() {
    return std::move(*customer_key::from(key_fields(other_key, other_md5)));
}

inline constexpr std::uint64_t slice = slice_size.count();
inline constexpr hash128 some_part{.high = 0x0102'0304'0506'0708, .low = 0x1112'1314'1516'1718};

inline content_key some_key() { return one().content_key_for(some_part); }

using data = std::vector<std::byte>;

inline data noise(std::size_t length) {
    lode::random chance(length + 1);
    data made(length);
    for (std::byte& b : made) b = static_cast<std::byte>(chance.next());
    return made;
}

}  // namespace lode::frontend::sealing
