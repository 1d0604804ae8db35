#include "tools/lode-origin/upload_body.h"

#include <charconv>
#include <utility>

namespace lode::dev_origin {
namespace {

bool is_streaming(s3::payload_kind kind) {
    return kind != s3::payload_kind::exact && kind != s3::payload_kind::unsigned_body;
}

std::optional<bytes> parse_length(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return bytes(value);
}

std::unexpected<refusal> refuse_read(error why) {
    if (why.code == errc::timed_out) return refuse(s3::s3_error::request_timeout);
    return refuse(s3::s3_error::incomplete_body);
}

std::unexpected<refusal> refuse_chunk(error why) {
    switch (why.code) {
        case errc::denied: return refuse(s3::s3_error::signature_does_not_match);
        case errc::too_large: return refuse(s3::s3_error::entity_too_large);
        default: return refuse(s3::s3_error::incomplete_body);
    }
}

}  // namespace

std::expected<std::unique_ptr<upload_body>, refusal> upload_body::open(call& c, length_rule l) {
    const bool streaming = c.who != nullptr && is_streaming(c.signature.payload);
    if (c.head.body == http::framing::chunked && !streaming) {
        return refuse(s3::s3_error::missing_content_length);
    }
    if (c.head.body == http::framing::none && l == length_rule::required &&
        !c.header("content-length")) {
        return refuse(s3::s3_error::missing_content_length);
    }
    std::unique_ptr<upload_body> body(new upload_body(c));
    bytes announced = c.head.content_length;
    if (streaming) {
        const auto stated = c.header("x-amz-decoded-content-length");
        const auto decoded = stated ? parse_length(*stated) : std::nullopt;
        if (!decoded) return refuse(s3::s3_error::missing_content_length);
        announced = *decoded;
        body->decoder_ = std::make_unique<s3::aws_chunked_decoder>(c.signature, decoded);
    }
    if (announced > upload_length_max) return refuse(s3::s3_error::entity_too_large);
    if (auto known = body->expect_digests(); !known) return std::unexpected(known.error());
    return body;
}

upload_body::upload_body(call& c) : call_(c), buffer_(c.here.buffers.take()) {}

outcome upload_body::expect_digests() {
    if (call_.who != nullptr && call_.signature.payload == s3::payload_kind::exact) {
        const auto& digest = call_.signature.payload_sha256;
        expected_.push_back(
            {.computed = checksum(checksum_kind::sha256),
             .digest = {reinterpret_cast<const char*>(digest.data()), digest.size()},
             .on_mismatch = s3::s3_error::x_amz_content_sha256_mismatch});
    }
    if (const auto md5 = call_.header("content-md5")) {
        auto digest = from_base64(*md5);
        if (!digest || digest->size() != 16) return refuse(s3::s3_error::invalid_digest);
        expected_.push_back({.computed = checksum(checksum_kind::md5),
                             .digest = std::move(*digest),
                             .on_mismatch = s3::s3_error::bad_digest});
    }
    for (const http::header& h : call_.head.headers) {
        if (const auto kind = checksum_of_header(h.name)) {
            if (auto known = expect_checksum(*kind, h.value); !known) return known;
        }
        if (decoder_ != nullptr && http::equal_ignoring_case(h.name, "x-amz-trailer")) {
            const auto kind = checksum_of_header(http::trim(h.value));
            if (!kind) {
                return refuse(s3::s3_error::invalid_request,
                              "The value specified in the x-amz-trailer header is not supported");
            }
            expected_.push_back({.computed = checksum(*kind),
                                 .digest = {},
                                 .on_mismatch = s3::s3_error::bad_digest});
        }
    }
    return {};
}

outcome upload_body::expect_checksum(checksum_kind kind, std::string_view base64) {
    auto digest = from_base64(base64);
    checksum computed(kind);
    if (!digest || digest->size() != checksum(kind).finish().size()) {
        return refuse(s3::s3_error::invalid_request, "Value for x-amz-checksum header is invalid.");
    }
    expected_.push_back({.computed = std::move(computed),
                         .digest = std::move(*digest),
                         .on_mismatch = s3::s3_error::bad_digest});
    return {};
}

engine::task<std::expected<std::span<const std::byte>, refusal>> upload_body::next() {
    // No conditional expression: each side is awaited in its own full expression.
    std::expected<std::span<const std::byte>, refusal> piece;
    if (decoder_ != nullptr) {
        piece = co_await next_decoded();
    } else {
        piece = co_await next_raw();
    }
    if (!piece) co_return piece;
    if (piece->empty()) {
        if (auto sound = verify(); !sound) co_return std::unexpected(sound.error());
        co_return piece;
    }
    account(*piece);
    if (length_ > upload_length_max) co_return refuse(s3::s3_error::entity_too_large);
    co_return piece;
}

engine::task<std::expected<std::span<const std::byte>, refusal>> upload_body::next_raw() {
    auto got = co_await call_.answer.receive(buffer_.memory());
    if (!got) co_return refuse_read(got.error());
    co_return buffer_.memory().first(*got);
}

engine::task<std::expected<std::span<const std::byte>, refusal>> upload_body::next_decoded() {
    for (;;) {
        while (!undecoded_.empty() && !decoder_->done()) {
            auto step = decoder_->feed(undecoded_);
            if (!step) co_return refuse_chunk(step.error());
            undecoded_ = undecoded_.subspan(step->consumed);
            if (!step->payload.empty()) co_return step->payload;
        }
        auto raw = co_await next_raw();
        if (!raw) co_return raw;
        if (raw->empty()) {
            if (!decoder_->done()) co_return refuse(s3::s3_error::incomplete_body);
            co_return raw;
        }
        // Bytes behind the last chunk belong to nothing.
        if (decoder_->done()) co_return refuse(s3::s3_error::incomplete_body);
        undecoded_ = *raw;
    }
}

void upload_body::account(std::span<const std::byte> payload) {
    length_ += bytes(payload.size());
    md5_.add(payload);
    for (expectation& e : expected_) {
        if (e.computed.kind() != checksum_kind::md5) e.computed.add(payload);
    }
}

outcome upload_body::take_trailers() {
    if (decoder_ == nullptr) return {};
    for (expectation& e : expected_) {
        if (!e.digest.empty()) continue;
        for (const s3::trailer& t : decoder_->trailers()) {
            if (!http::equal_ignoring_case(t.name, header_of(e.computed.kind()))) continue;
            auto digest = from_base64(t.value);
            if (!digest) return refuse(s3::s3_error::bad_digest);
            e.digest = std::move(*digest);
        }
    }
    return {};
}

outcome upload_body::verify() {
    if (!md5_digest_.empty()) return {};
    if (!undecoded_.empty()) return refuse(s3::s3_error::incomplete_body);
    md5_digest_ = md5_.finish();
    if (auto taken = take_trailers(); !taken) return taken;
    for (expectation& e : expected_) {
        const std::string computed =
            e.computed.kind() == checksum_kind::md5 ? md5_digest_ : e.computed.finish();
        if (computed != e.digest) return std::unexpected(e.on_mismatch);
        const std::string_view name = header_of(e.computed.kind());
        // x-amz-content-sha256 is about the request, the x-amz-checksum-* are about the object.
        const bool stated = call_.header(name).has_value() || decoder_ != nullptr;
        if (stated && e.on_mismatch.code == refusal(s3::s3_error::bad_digest).code &&
            e.computed.kind() != checksum_kind::md5) {
            checked_.push_back({std::string(name), to_base64(computed)});
        }
    }
    return {};
}

}  // namespace lode::dev_origin
