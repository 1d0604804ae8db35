#include "frontend/s3/aws_chunked_chain.h"

#include <fmt/format.h>

namespace lode::frontend::s3 {
namespace {

constexpr std::string_view chunk_algorithm = "AWS4-HMAC-SHA256-PAYLOAD";
constexpr std::string_view trailer_algorithm = "AWS4-HMAC-SHA256-TRAILER";

}  // namespace

std::string chain_prefix(std::string_view timestamp, const credential_scope& scope) {
    return fmt::format("{}\n{}\n", timestamp, scope.text());
}

std::string chunk_string_to_sign(std::string_view prefix, std::string_view previous,
                                 const sha256_digest& data) {
    return fmt::format("{}\n{}{}\n{}\n{}", chunk_algorithm, prefix, previous, empty_payload_sha256,
                       view_of(to_hex(data)));
}

std::string trailer_string_to_sign(std::string_view prefix, std::string_view previous,
                                   std::span<const trailer> trailers) {
    sha256 hash;
    for (const trailer& t : trailers) hash.add(t.name).add(":").add(t.value).add("\n");
    return fmt::format("{}\n{}{}\n{}", trailer_algorithm, prefix, previous,
                       view_of(to_hex(hash.finish())));
}

}  // namespace lode::frontend::s3
