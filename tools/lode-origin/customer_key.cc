#include "tools/lode-origin/customer_key.h"

#include <cstdint>
#include <span>

#include "frontend/s3/digest.h"
#include "tools/lode-origin/checksums.h"
#include "tools/lode-origin/storage/files.h"

namespace lode::dev_origin {
namespace {

constexpr std::size_t key_length = 32;
constexpr std::string_view algorithm_header = "x-amz-server-side-encryption-customer-algorithm";
constexpr std::string_view key_header = "x-amz-server-side-encryption-customer-key";
constexpr std::string_view md5_header = "x-amz-server-side-encryption-customer-key-MD5";

s3::sha256_digest keyed(const std::string& key, std::string_view text) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(key.data());
    return s3::hmac_sha256({bytes, key.size()}, text);
}

}  // namespace

std::string customer_key::new_lock() const {
    const std::string salt = random_name();
    return salt + ":" + std::string(s3::view_of(s3::to_hex(keyed(raw, salt))));
}

void customer_key::append_headers_to(header_list& headers) const {
    headers.push_back({std::string(algorithm_header), "AES256"});
    headers.push_back({std::string(md5_header), md5});
}

std::expected<std::optional<customer_key>, refusal> customer_key_of(const call& c) {
    const auto algorithm = c.header(algorithm_header);
    const auto key = c.header(key_header);
    const auto md5 = c.header(md5_header);
    if (!algorithm && !key && !md5) return std::nullopt;
    if (!algorithm) {
        return refuse(s3::s3_error::invalid_argument,
                      "Requests specifying Server Side Encryption with Customer provided keys must "
                      "provide a valid encryption algorithm.");
    }
    if (*algorithm != "AES256") {
        return refuse(
            400U, "InvalidEncryptionAlgorithmError",
            "The Encryption request you specified is not valid. Supported value: AES256.");
    }
    if (!key || !md5) {
        return refuse(s3::s3_error::invalid_argument,
                      "Requests specifying Server Side Encryption with Customer provided keys must "
                      "provide an appropriate secret key.");
    }
    const auto raw = from_base64(*key);
    if (!raw || raw->size() != key_length) {
        return refuse(s3::s3_error::invalid_argument,
                      "The secret key was invalid for the specified algorithm.");
    }
    checksum digest(checksum_kind::md5);
    digest.add(std::as_bytes(std::span(*raw)));
    if (to_base64(digest.finish()) != *md5) {
        return refuse(s3::s3_error::invalid_argument,
                      "The calculated MD5 hash of the key did not match the hash that was "
                      "provided.");
    }
    return customer_key{.raw = *raw, .md5 = std::string(*md5)};
}

std::expected<std::optional<customer_key>, refusal> unlock(const call& c,
                                                           const object_record& object) {
    auto brought = customer_key_of(c);
    if (!brought) return brought;
    if (object.lock.empty()) {
        if (!*brought) return brought;
        return refuse(s3::s3_error::invalid_request,
                      "The encryption parameters are not applicable to this object.");
    }
    if (!*brought) {
        return refuse(s3::s3_error::invalid_request,
                      "The object was stored using a form of Server Side Encryption. The correct "
                      "parameters must be provided to retrieve the object.");
    }
    const std::string_view lock = object.lock;
    const auto colon = lock.find(':');
    if (colon == std::string_view::npos) return refuse(s3::s3_error::internal_error);
    const auto stored = s3::digest_from_hex(lock.substr(colon + 1));
    const auto offered = keyed((*brought)->raw, lock.substr(0, colon));
    if (!stored || !s3::equal_constant_time(*stored, offered)) {
        return refuse(s3::s3_error::access_denied);
    }
    return brought;
}

}  // namespace lode::dev_origin
