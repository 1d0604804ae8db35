#include "frontend/access/chunk_recoder.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "engine/base/assert.h"

namespace lode::frontend::access {
namespace {

using encoder = s3::aws_chunked_encoder;

encoder::trailer_section section_of(s3::payload_kind kind) {
    return kind == s3::payload_kind::streaming_signed_trailer
               ? encoder::trailer_section::signed_fields
               : encoder::trailer_section::none;
}

// How long the values of S3's checksums are, in base64.
std::optional<std::size_t> value_length_of(std::string_view name) {
    struct known {
        std::string_view name;
        std::size_t length;
    };
    static constexpr std::array<known, 5> checksums = {{{"x-amz-checksum-crc32", 8},
                                                        {"x-amz-checksum-crc32c", 8},
                                                        {"x-amz-checksum-crc64nvme", 12},
                                                        {"x-amz-checksum-sha1", 28},
                                                        {"x-amz-checksum-sha256", 44}}};
    for (const known& k : checksums) {
        if (http::equal_ignoring_case(k.name, name)) return k.length;
    }
    return std::nullopt;
}

}  // namespace

std::optional<bytes> recoded_length(s3::payload_kind kind, bytes decoded_length,
                                    std::span<const http::header> headers) {
    bytes fields;
    if (kind == s3::payload_kind::streaming_signed_trailer) {
        for (const http::header& h : headers) {
            if (!http::equal_ignoring_case(h.name, "x-amz-trailer")) continue;
            for (std::string_view names = h.value; !names.empty();) {
                const auto end = std::min(names.find(','), names.size());
                const auto name = http::trim(names.substr(0, end));
                names.remove_prefix(std::min(end + 1, names.size()));
                if (name.empty()) continue;
                const auto length = value_length_of(name);
                if (!length) return std::nullopt;
                fields += encoder::trailer_length(name, *length);
            }
        }
    }
    return encoder::encoded_length(decoded_length, section_of(kind), fields);
}

chunk_recoder::chunk_recoder(const recoding& how)
    : decoder_(how.client, how.decoded_length, how.signatures),
      encoder_(how.ours),
      trailers_(section_of(how.client.payload)),
      decoded_length_(how.decoded_length),
      encoded_length_(how.encoded_length) {}

// A full chunk waits until there is payload for the next one: it may be the last.
result<std::span<const std::byte>> chunk_recoder::feed(std::span<const std::byte>& input) {
    for (;;) {
        pending_ = pending_.subspan(encoder_.add(pending_));
        if (!pending_.empty()) return take_chunk();
        if (input.empty()) return std::span<const std::byte>();
        // What follows the end would be lost: the origin would get less than the client sent.
        if (decoder_.done()) return fail(errc::invalid);
        const auto step = decoder_.feed(input);
        if (!step) return fail(step.error().code == errc::denied ? errc::denied : errc::invalid);
        pending_ = step->payload;
        input = input.subspan(step->consumed);
    }
}

result<chunk_recoder::last_pieces> chunk_recoder::finish() {
    LODE_ASSERT(pending_.empty());
    if (!decoder_.done() || decoder_.decoded() != decoded_length_) return fail(errc::invalid);
    last_pieces last;
    if (!encoder_.empty()) last.chunk = take_chunk();
    last.end = std::as_bytes(std::span(encoder_.finish(trailers_, decoder_.trailers())));
    made_ += bytes(last.end.size());
    // Trailers other than those announced: the origin waits for another length.
    if (encoded_length_ && made_ != *encoded_length_) return fail(errc::invalid);
    return last;
}

std::span<const std::byte> chunk_recoder::take_chunk() {
    const auto chunk = encoder_.take_chunk();
    made_ += bytes(chunk.size());
    return chunk;
}

}  // namespace lode::frontend::access
