// tools/lode-origin/customer_key.h
//
// SSE-C: an object that was stored with a customer's key is given out only to whoever brings that key.
// The bytes are not encrypted on disk. What is kept is a lock: an HMAC under the key, from which the
// key cannot be learned and without which it cannot be checked.
//
//   Secrets  Keys are neither stored nor logged nor part of any message.
//   Errors   The refusals of AWS: 400 for a key that is missing, malformed, does not fit its MD5 or was
//            not asked for; 403 for another key than the object's.
#pragma once

#include <expected>
#include <optional>
#include <string>

#include "tools/lode-origin/call.h"
#include "tools/lode-origin/refusal.h"
#include "tools/lode-origin/storage/record.h"

namespace lode::dev_origin {

struct customer_key {
    std::string raw;  // 32 bytes
    std::string md5;  // base64, as it was stated and as it is

    // "salt:HMAC", a new one each time.
    [[nodiscard]] std::string new_lock() const;

    // What every answer about the object repeats.
    void append_headers_to(header_list& headers) const;
};

// The key that a request carries; nothing when it carries none.
[[nodiscard]] std::expected<std::optional<customer_key>, refusal> customer_key_of(const call& c);

// Whether a request may read this object, or add to this upload, as far as keys are concerned: the key
// that it brought and the object asks for, or nothing where there is none on either side.
[[nodiscard]] std::expected<std::optional<customer_key>, refusal> unlock(
    const call& c, const object_record& object);

}  // namespace lode::dev_origin
