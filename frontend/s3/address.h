// frontend/s3/address.h
//
// Which bucket and which key a request names, in either of S3's two styles: path
// (host/bucket/key) and virtual-hosted (bucket.domain/key).
//
// Every byte of the path counts: "//", "/./", "/../" and a trailing '/' are parts of the key, '+'
// is a plus, and %2F is the same as '/'. A Host that is an address, or is not below one of the
// configured domains, means path style.
//
//   Errors  What cannot be addressed (bad percent-encoding, NUL, a bucket or a key beyond the
//           limits) is `unaddressable`, which is not an error of ours: the caller passes the
//           request on and the origin answers.
//   Limits  Bucket of 3 to 63 bytes, key of 1 to 1024 bytes after decoding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace lode::frontend::s3 {

inline constexpr std::size_t bucket_length_min = 3;
inline constexpr std::size_t bucket_length_max = 63;
inline constexpr std::size_t key_length_max = 1024;

enum class addressing_style : std::uint8_t { path, virtual_hosted };

enum class address_kind : std::uint8_t { service, bucket, object, unaddressable };

struct address {
    address_kind kind = address_kind::unaddressable;
    addressing_style style = addressing_style::path;
    std::string bucket;  // empty unless `kind` is bucket or object
    std::string key;     // decoded; any byte but NUL. Empty unless `kind` is object
};

// `host` is the Host header's value (empty when there was none), `raw_path` the target up to '?'.
// The strings in `out` keep their capacity, so that a reused address allocates nothing.
void resolve_address(std::string_view host, std::span<const std::string> domains,
                     std::string_view raw_path, address& out);

// A host name without its port and its trailing dot. An IPv6 literal keeps its brackets.
[[nodiscard]] std::string_view host_without_port(std::string_view host);

}  // namespace lode::frontend::s3
