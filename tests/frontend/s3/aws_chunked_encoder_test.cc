// What the encoder makes, the decoder of the same secret takes; and the published example comes out.
#include "frontend/s3/aws_chunked_encoder.h"

#include <string>
#include <vector>

#include "tests/catch.h"
#include "tests/frontend/s3/sigv4_fixture.h"

namespace lode::frontend::s3 {
namespace {

using section = aws_chunked_encoder::trailer_section;
constexpr std::size_t chunk_length = aws_chunked_encoder::chunk_size;

const std::string seed_signature(64, 'a');

chunk_seed our_seed(std::string_view signature) {
    const credential_scope scope{.date = "20130524", .region = "us-east-1"};
    return {.timestamp = std::string(example::timestamp),
            .scope = scope,
            .signature = std::string(signature),
            .signing_key = derive_signing_key(example::secret_key, scope)};
}

verified_request their_seed(payload_kind kind) {
    const chunk_seed seed = our_seed(seed_signature);
    return {.access_key = std::string(example::access_key),
            .payload = kind,
            .timestamp = seed.timestamp,
            .scope = seed.scope,
            .signature = seed.signature,
            .signing_key = seed.signing_key};
}

std::string encode(std::string_view payload, section with, const std::vector<trailer>& trailers,
                   std::string_view signature = seed_signature) {
    aws_chunked_encoder encoder(our_seed(signature));
    std::string out;
    const auto take = [&] {
        const auto piece = encoder.take_chunk();
        out.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    };
    auto left = std::as_bytes(std::span(payload));
    while (!left.empty()) {
        left = left.subspan(encoder.add(left));
        if (encoder.full()) take();
    }
    if (!encoder.empty()) take();
    return out += encoder.finish(with, trailers);
}

}  // namespace

TEST_CASE("an encoded payload is decoded with right signatures, and is as long as was foretold") {
    const std::vector<trailer> trailers = {{"x-amz-checksum-crc32c", "wdBDMA=="}};
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, chunk_length - 1, chunk_length,
                                   chunk_length + 1, 3 * chunk_length + 12'345}) {
        for (const bool with_trailer : {false, true}) {
            const std::string payload(size, 'x');
            const section with = with_trailer ? section::signed_fields : section::none;

            const std::string text =
                encode(payload, with, with_trailer ? trailers : std::vector<trailer>{});

            const bytes extra =
                with_trailer ? aws_chunked_encoder::trailer_length(trailers[0].name, 8) : bytes(0);
            CHECK(aws_chunked_encoder::encoded_length(bytes(size), with, extra) ==
                  bytes(text.size()));
            aws_chunked_decoder decoder(
                their_seed(with_trailer ? payload_kind::streaming_signed_trailer
                                        : payload_kind::streaming_signed),
                bytes(size));
            std::string back;
            auto rest = std::as_bytes(std::span(text));
            while (!rest.empty()) {
                const auto step = decoder.feed(rest);
                REQUIRE(step.has_value());
                back.append(reinterpret_cast<const char*>(step->payload.data()),
                            step->payload.size());
                rest = rest.subspan(step->consumed);
            }
            CHECK(decoder.done());
            CHECK(back == payload);
            CHECK(decoder.trailers().size() == (with_trailer ? 1 : 0));
        }
    }
}

// "Example: PUT object" of the S3 API reference: 65,536 bytes, 1,024 bytes, nothing.
TEST_CASE("the published example of chunk signatures comes out") {
    const std::string text =
        encode(std::string(66'560, 'a'), section::none, {},
               "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9");

    CHECK(
        text.starts_with("10000;chunk-signature="
                         "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n"));
    CHECK(text.find("\r\n400;chunk-signature="
                    "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n") !=
          std::string::npos);
    CHECK(
        text.ends_with("\r\n0;chunk-signature="
                       "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n"));
}

TEST_CASE("a decoder that ignores signatures still checks the framing") {
    std::string text = encode("payload", section::none, {});
    char& digit = text[text.find('=') + 1];
    digit = digit == '0' ? '1' : '0';

    aws_chunked_decoder lenient(their_seed(payload_kind::streaming_signed), bytes(7),
                                chunk_signatures::ignored);
    aws_chunked_decoder strict(their_seed(payload_kind::streaming_signed), bytes(7));
    aws_chunked_decoder shorter(their_seed(payload_kind::streaming_signed), bytes(6),
                                chunk_signatures::ignored);

    CHECK(lenient.feed(std::as_bytes(std::span(text))).has_value());
    CHECK(strict.feed(std::as_bytes(std::span(text))).error().code == errc::denied);
    CHECK(shorter.feed(std::as_bytes(std::span(text))).error().code == errc::protocol);
}

}  // namespace lode::frontend::s3
