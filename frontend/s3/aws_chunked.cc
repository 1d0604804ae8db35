#include "frontend/s3/aws_chunked.h"

#include <algorithm>

#include <fmt/format.h>

#include "engine/base/assert.h"
#include "frontend/http/header.h"
#include "frontend/s3/aws_chunked_chain.h"
#include "frontend/s3/percent.h"

namespace lode::frontend::s3 {
namespace {

constexpr std::size_t blank_lines_max = 2;

bool is_streaming(payload_kind kind) {
    return kind == payload_kind::streaming_signed ||
           kind == payload_kind::streaming_signed_trailer ||
           kind == payload_kind::streaming_unsigned_trailer;
}

// "400;chunk-signature=..." of a signed stream, "400" with extensions to ignore of an unsigned one.
struct chunk_header {
    std::uint64_t size = 0;
    std::string_view signature;
};
std::optional<chunk_header> parse_chunk_header(std::string_view line);

}  // namespace

aws_chunked_decoder::aws_chunked_decoder(const verified_request& seed,
                                         std::optional<bytes> decoded_length,
                                         chunk_signatures signatures)
    : kind_(seed.payload),
      signatures_(signatures),
      signing_key_(seed.signing_key),
      prefix_(chain_prefix(seed.timestamp, seed.scope)),
      previous_(seed.signature),
      decoded_length_(decoded_length) {
    LODE_ASSERT(is_streaming(kind_));
}

aws_chunked_decoder::~aws_chunked_decoder() { wipe(signing_key_); }

result<chunked_step> aws_chunked_decoder::feed(std::span<const std::byte> input) {
    if (phase_ == phase::failed) return std::unexpected(failure_);
    chunked_step step;
    while (step.consumed < input.size() && step.payload.empty() && phase_ != phase::done) {
        const auto rest = input.subspan(step.consumed);
        result<void> went;
        if (phase_ == phase::data) {
            step.payload = rest.first(std::min<std::uint64_t>(rest.size(), chunk_left_.count()));
            step.consumed += step.payload.size();
            went = take_payload(step.payload);
        } else {
            step.consumed += take_line(rest);
            if (line_.ends_with('\n')) {
                went = on_line();
                line_.clear();
            } else if (line_.size() == line_length_max) {
                went = fail(errc::too_large);
            }
        }
        if (!went) {
            phase_ = phase::failed;
            failure_ = went.error();
            return std::unexpected(failure_);
        }
    }
    return step;
}

// Appends to the current line, up to and including its line feed.
std::size_t aws_chunked_decoder::take_line(std::span<const std::byte> input) {
    const auto room = input.first(std::min(input.size(), line_length_max - line_.size()));
    const auto end = std::ranges::find(room, std::byte{'\n'});
    const auto taken = static_cast<std::size_t>(end - room.begin()) + (end == room.end() ? 0 : 1);
    line_.append(reinterpret_cast<const char*>(room.data()), taken);
    return taken;
}

result<void> aws_chunked_decoder::take_payload(std::span<const std::byte> payload) {
    if (chunks_signed()) chunk_hash_.add(payload);
    decoded_ += bytes(payload.size());
    chunk_left_ -= bytes(payload.size());
    if (chunk_left_ > bytes(0)) return {};
    phase_ = phase::data_end;
    return end_chunk();
}

result<void> aws_chunked_decoder::on_line() {
    std::string_view line = line_;
    line.remove_suffix(1);
    const bool crlf = line.ends_with('\r');
    if (crlf) line.remove_suffix(1);
    // Some clients end a trailer with a bare line feed, as the canonical form has it.
    if (phase_ == phase::trailers) return on_trailer(line);
    if (!crlf) return fail(errc::protocol);
    if (phase_ == phase::header) return on_header(line);
    LODE_ASSERT(phase_ == phase::data_end);
    if (!line.empty()) return fail(errc::protocol);
    phase_ = phase::header;
    return {};
}

result<void> aws_chunked_decoder::on_header(std::string_view line) {
    const auto header = parse_chunk_header(line);
    if (!header) return fail(errc::protocol);
    if (bytes(header->size) > chunk_size_max) return fail(errc::too_large);
    if (chunks_signed()) {
        const auto stated = digest_from_hex(header->signature);
        if (!stated) return fail(errc::protocol);
        stated_ = *stated;
    }
    chunk_left_ = bytes(header->size);
    if (decoded_length_ && decoded_ + chunk_left_ > *decoded_length_) return fail(errc::protocol);
    if (header->size > 0) {
        phase_ = phase::data;
        return {};
    }
    phase_ = phase::trailers;
    if (decoded_length_ && decoded_ != *decoded_length_) return fail(errc::protocol);
    return end_chunk();
}

// The chunk's data is complete: each signature covers the data and the signature before it.
result<void> aws_chunked_decoder::end_chunk() {
    if (!chunks_signed()) return {};
    return check_link(chunk_string_to_sign(prefix_, previous_, chunk_hash_.finish()));
}

result<void> aws_chunked_decoder::check_link(std::string_view string_to_sign) {
    if (signatures_ == chunk_signatures::ignored) return {};
    const sha256_digest right = hmac_sha256(signing_key_, string_to_sign);
    if (!equal_constant_time(right, stated_)) return fail(errc::denied);
    previous_ = view_of(to_hex(right));
    return {};
}

result<void> aws_chunked_decoder::on_trailer(std::string_view line) {
    if (line.empty()) return end_trailers();
    if (kind_ == payload_kind::streaming_signed || trailer_signature_seen_) {
        return fail(errc::protocol);
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return fail(errc::protocol);
    std::string name(http::trim(line.substr(0, colon)));
    std::ranges::transform(name, name.begin(), http::ascii_lower);
    const auto value = http::trim(line.substr(colon + 1));

    if (name == trailer_signature_name) {
        const auto stated = digest_from_hex(value);
        if (!stated) return fail(errc::protocol);
        stated_ = *stated;
        trailer_signature_seen_ = true;
        return {};
    }
    if (trailers_.size() == trailers_max) return fail(errc::too_large);
    trailers_.push_back({.name = std::move(name), .value = std::string(value)});
    return {};
}

result<void> aws_chunked_decoder::end_trailers() {
    if (kind_ == payload_kind::streaming_signed_trailer) {
        if (!trailer_signature_seen_) {
            // Clients may set the trailers off from the last chunk and from their signature.
            return ++blank_lines_ <= blank_lines_max ? result<void>() : fail(errc::protocol);
        }
        const auto right = check_link(trailer_string_to_sign(prefix_, previous_, trailers_));
        if (!right) return right;
    }
    phase_ = phase::done;
    return {};
}

namespace {

std::optional<chunk_header> parse_chunk_header(std::string_view line) {
    constexpr std::size_t size_digits_max = 16;
    constexpr std::string_view label = "chunk-signature=";
    const auto semicolon = std::min(line.find(';'), line.size());
    const auto digits = line.substr(0, semicolon);
    if (digits.empty() || digits.size() > size_digits_max) return std::nullopt;

    chunk_header header;
    for (const char c : digits) {
        const auto digit = hex_digit(c);
        if (!digit) return std::nullopt;
        header.size = header.size << 4U | *digit;
    }
    const auto extension = line.substr(std::min(semicolon + 1, line.size()));
    if (extension.starts_with(label)) header.signature = extension.substr(label.size());
    return header;
}

}  // namespace
}  // namespace lode::frontend::s3
