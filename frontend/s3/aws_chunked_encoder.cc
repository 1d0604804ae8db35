#include "frontend/s3/aws_chunked_encoder.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "engine/base/assert.h"
#include "frontend/s3/aws_chunked_chain.h"

namespace lode::frontend::s3 {
namespace {

constexpr std::string_view signature_label = ";chunk-signature=";
constexpr std::string_view line_end = "\r\n";
constexpr std::size_t signature_length = std::tuple_size_v<sha256_hex>;

std::size_t hex_digits(std::uint64_t value) {
    std::size_t digits = 1;
    while ((value >>= 4U) != 0) ++digits;
    return digits;
}

constexpr std::size_t header_length(std::size_t size_digits) {
    return size_digits + signature_label.size() + signature_length + line_end.size();
}

// The data stands where the longest header ends, so that a chunk goes out in one piece.
constexpr std::size_t headroom = header_length(5);
static_assert(aws_chunked_encoder::chunk_size < (1U << 20U), "five hexadecimal digits");

}  // namespace

aws_chunked_encoder::aws_chunked_encoder(const chunk_seed& seed)
    : prefix_(chain_prefix(seed.timestamp, seed.scope)),
      previous_(seed.signature),
      signing_key_(seed.signing_key),
      chunk_(std::make_unique_for_overwrite<std::byte[]>(headroom + chunk_size + line_end.size())) {
}

aws_chunked_encoder::~aws_chunked_encoder() { wipe(signing_key_); }

std::size_t aws_chunked_encoder::add(std::span<const std::byte> payload) {
    const std::size_t taken = std::min(payload.size(), chunk_size - filled_);
    if (taken > 0) std::memcpy(chunk_.get() + headroom + filled_, payload.data(), taken);
    filled_ += taken;
    return taken;
}

std::span<const std::byte> aws_chunked_encoder::take_chunk() {
    LODE_ASSERT(filled_ > 0 && filled_ <= chunk_size);
    std::byte* const data = chunk_.get() + headroom;
    sha256 hash;
    hash.add(std::span<const std::byte>(data, filled_));
    const auto signature = sign(chunk_string_to_sign(prefix_, previous_, hash.finish()));

    const std::string header =
        fmt::format("{:x}{}{}{}", filled_, signature_label, signature, line_end);
    LODE_ASSERT(header.size() <= headroom);
    std::byte* const begin = data - header.size();
    std::memcpy(begin, header.data(), header.size());
    std::memcpy(data + filled_, line_end.data(), line_end.size());
    const std::size_t length = header.size() + filled_ + line_end.size();
    filled_ = 0;
    return {begin, length};
}

std::string_view aws_chunked_encoder::finish(trailer_section section,
                                             std::span<const trailer> trailers) {
    LODE_ASSERT(filled_ == 0);
    LODE_ASSERT(section == trailer_section::signed_fields || trailers.empty());
    const auto last = sign(chunk_string_to_sign(prefix_, previous_, sha256_of({})));
    end_ = fmt::format("0{}{}{}", signature_label, last, line_end);
    if (section == trailer_section::signed_fields) {
        for (const trailer& t : trailers) {
            end_.append(t.name).append(":").append(t.value).append(line_end);
        }
        const auto signature = sign(trailer_string_to_sign(prefix_, previous_, trailers));
        end_.append(trailer_signature_name).append(":").append(signature).append(line_end);
    }
    return end_.append(line_end);
}

std::string_view aws_chunked_encoder::sign(std::string_view string_to_sign) {
    previous_ = view_of(to_hex(hmac_sha256(signing_key_, string_to_sign)));
    return previous_;
}

bytes aws_chunked_encoder::encoded_length(bytes payload, trailer_section section,
                                          bytes trailer_bytes) {
    const auto framed = [](std::uint64_t size) {
        return header_length(hex_digits(size)) + size + line_end.size();
    };
    const std::uint64_t whole = payload.count() / chunk_size;
    const std::uint64_t rest = payload.count() % chunk_size;
    std::uint64_t length = whole * framed(chunk_size) + (rest > 0 ? framed(rest) : 0);
    length += header_length(1) + line_end.size();
    if (section == trailer_section::signed_fields) {
        length += trailer_bytes.count() +
                  trailer_length(trailer_signature_name, signature_length).count();
    }
    return bytes(length);
}

bytes aws_chunked_encoder::trailer_length(std::string_view name, std::size_t value_length) {
    return bytes(name.size() + 1 + value_length + line_end.size());
}

}  // namespace lode::frontend::s3
