// Chunked uploads, against the two examples of the S3 API reference.
#include "frontend/s3/aws_chunked.h"

#include <string>
#include <vector>

#include <fmt/format.h>

#include "frontend/s3/percent.h"
#include "tests/catch.h"
#include "tests/frontend/s3/sigv4_fixture.h"

namespace lode::frontend::s3 {
namespace {

using http::header;

struct outcome {
    result<void> status;
    std::string payload;
    std::vector<std::pair<std::string, std::string>> trailers;
    bool done = false;
    std::size_t consumed = 0;
};

verified_request seed(payload_kind kind, std::string_view signature) {
    const credential_scope scope{.date = "20130524", .region = "us-east-1"};
    return {.access_key = std::string(example::access_key),
            .payload = kind,
            .timestamp = std::string(example::timestamp),
            .scope = scope,
            .signature = std::string(signature),
            .signing_key = derive_signing_key(example::secret_key, scope)};
}

// Feeds `body` in pieces of `piece` bytes until it is used up, done or refused.
outcome decode(const verified_request& from, std::string_view body, std::size_t piece,
               std::optional<bytes> length = std::nullopt) {
    aws_chunked_decoder decoder(from, length);
    outcome seen;
    while (seen.consumed < body.size() && !decoder.done()) {
        const auto input = body.substr(seen.consumed, piece);
        const auto step = decoder.feed(std::as_bytes(std::span(input)));
        if (!step) {
            seen.status = std::unexpected(step.error());
            return seen;
        }
        REQUIRE(step->consumed > 0);
        REQUIRE(step->payload.size() <= step->consumed);
        seen.payload.append(reinterpret_cast<const char*>(step->payload.data()),
                            step->payload.size());
        seen.consumed += step->consumed;
    }
    seen.done = decoder.done();
    for (const trailer& t : decoder.trailers()) seen.trailers.emplace_back(t.name, t.value);
    return seen;
}

std::string chunk(std::string_view data, std::string_view signature) {
    return fmt::format("{:x};chunk-signature={}\r\n{}\r\n", data.size(), signature, data);
}

constexpr std::string_view plain_seed =
    "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";

// The reference's upload of 65 KiB of 'a'.
std::string reference_body() {
    return chunk(std::string(65'536, 'a'),
                 "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648") +
           chunk(std::string(1'024, 'a'),
                 "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497") +
           chunk("", "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9");
}

verified_request reference_seed() { return seed(payload_kind::streaming_signed, plain_seed); }

constexpr std::string_view trailer_seed =
    "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e";

std::string reference_chunks_before_trailer() {
    return chunk(std::string(65'536, 'a'),
                 "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2") +
           chunk(std::string(1'024, 'a'),
                 "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7") +
           "0;chunk-signature="
           "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n";
}

constexpr std::string_view trailer_signature =
    "x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n";

verified_request trailer_request() {
    return seed(payload_kind::streaming_signed_trailer, trailer_seed);
}

verified_request unsigned_request() {
    return seed(payload_kind::streaming_unsigned_trailer, plain_seed);
}

errc refusal(const verified_request& from, std::string_view body,
             std::optional<bytes> length = std::nullopt) {
    const outcome seen = decode(from, body, body.size(), length);
    REQUIRE_FALSE(seen.status.has_value());
    REQUIRE_FALSE(seen.done);
    return seen.status.error().code;
}

}  // namespace

TEST_CASE("the reference's chunked upload is verified from its head to its last chunk") {
    const std::string authorization =
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
        "SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;"
        "x-amz-decoded-content-length;x-amz-storage-class,Signature=" +
        std::string(plain_seed);
    const std::vector<header> headers = {
        {"Host", "s3.amazonaws.com"},
        {"x-amz-date", example::timestamp},
        {"x-amz-storage-class", "REDUCED_REDUNDANCY"},
        {"Authorization", authorization},
        {"x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"},
        {"Content-Encoding", "aws-chunked"},
        {"x-amz-decoded-content-length", "66560"},
        {"Content-Length", "66824"}};
    const example::secrets secrets;
    verifier v(secrets, "us-east-1");

    const auto verified =
        v.verify({.method = "PUT", .target = "/examplebucket/chunkObject.txt", .headers = headers},
                 example::now());
    REQUIRE(verified.has_value());
    const std::string body = reference_body();
    REQUIRE(body.size() == 66'824);
    const outcome seen = decode(*verified, body, 4'096, bytes(66'560));

    CHECK(seen.status.has_value());
    CHECK(seen.done);
    CHECK(seen.payload == std::string(66'560, 'a'));
    CHECK(seen.consumed == body.size());
}

TEST_CASE("it does not matter how an upload is cut on its way") {
    const std::string body = reference_body();
    for (const std::size_t piece : {1U, 2U, 7U, 86U, 1'000U, 65'536U, 66'823U, 66'824U}) {
        INFO(piece);
        const outcome seen = decode(reference_seed(), body, piece, bytes(66'560));
        CHECK(seen.done);
        CHECK(seen.payload.size() == 66'560);
    }
}

TEST_CASE("a change to data, order or signature of a chunk is refused") {
    std::string data = reference_body();
    data[40'000] = 'b';
    CHECK(refusal(reference_seed(), data) == errc::denied);

    std::string swapped = reference_body();
    example::replace(swapped, "ad80c730", "ad80c731");
    CHECK(refusal(reference_seed(), swapped) == errc::denied);

    std::string last = reference_body();
    example::replace(last, "b6c6ea8a", "b6c6ea8b");
    CHECK(refusal(reference_seed(), last) == errc::denied);

    const std::string whole = reference_body();
    const std::string dropped = whole.substr(0, 65'536 + 90) + whole.substr(whole.rfind("0;chunk"));
    CHECK(refusal(reference_seed(), dropped) == errc::denied);

    CHECK(refusal(seed(payload_kind::streaming_signed, std::string(64, '0')), whole) ==
          errc::denied);
}

TEST_CASE("an upload that ends early is not done") {
    const std::string body = reference_body();
    for (const std::size_t length : {body.size() - 1, body.size() - 2, body.size() - 60}) {
        const outcome seen = decode(reference_seed(), body.substr(0, length), 1'000);
        CHECK(seen.status.has_value());
        CHECK_FALSE(seen.done);
    }
}

TEST_CASE("what follows the end is left to the caller") {
    const std::string body = reference_body();

    const outcome seen = decode(reference_seed(), body + "GET / HTTP/1.1", 66'900);

    CHECK(seen.done);
    CHECK(seen.consumed == body.size());
}

TEST_CASE("the payload must be as long as it was announced") {
    const std::string body = reference_body();

    CHECK(decode(reference_seed(), body, 1'000, bytes(66'560)).done);
    CHECK(refusal(reference_seed(), body, bytes(66'559)) == errc::protocol);
    CHECK(refusal(reference_seed(), body, bytes(66'561)) == errc::protocol);
    CHECK(refusal(reference_seed(), body, bytes(0)) == errc::protocol);
}

TEST_CASE("the reference's trailer is verified, in every spelling that clients use") {
    for (const std::string_view trailer :
         {"x-amz-checksum-crc32c:sOO8/Q==\r\n", "X-Amz-Checksum-Crc32c: sOO8/Q== \r\n",
          "x-amz-checksum-crc32c:sOO8/Q==\n", "x-amz-checksum-crc32c:sOO8/Q==\n\r\n",
          "\r\nx-amz-checksum-crc32c:sOO8/Q==\r\n"}) {
        INFO(trailer);
        const std::string body = reference_chunks_before_trailer() + std::string(trailer) +
                                 std::string(trailer_signature) + "\r\n";

        const outcome seen = decode(trailer_request(), body, 10'000, bytes(66'560));

        CHECK(seen.done);
        CHECK(seen.payload.size() == 66'560);
        REQUIRE(seen.trailers.size() == 1);
        CHECK(seen.trailers[0].first == "x-amz-checksum-crc32c");
        CHECK(seen.trailers[0].second == "sOO8/Q==");
    }
}

TEST_CASE("a trailer that was changed, added, taken away or left unsigned is refused") {
    const std::string chunks = reference_chunks_before_trailer();
    const std::string good = "x-amz-checksum-crc32c:sOO8/Q==\r\n";
    const std::string signature(trailer_signature);

    CHECK(refusal(trailer_request(), chunks + "x-amz-checksum-crc32c:sOO8/R==\r\n" + signature +
                                         "\r\n") == errc::denied);
    CHECK(refusal(trailer_request(), chunks + good + "x-amz-more:1\r\n" + signature + "\r\n") ==
          errc::denied);
    CHECK(refusal(trailer_request(), chunks + signature + "\r\n") == errc::denied);
    CHECK(refusal(trailer_request(), chunks + good + "\r\n\r\n\r\n") == errc::protocol);
    CHECK(refusal(trailer_request(), chunks + good + signature + good) == errc::protocol);
    CHECK(refusal(trailer_request(), chunks + good + signature + signature) == errc::protocol);
    CHECK(refusal(trailer_request(), chunks + "no colon\r\n") == errc::protocol);
    CHECK(refusal(trailer_request(), chunks + ":no name\r\n") == errc::protocol);
    CHECK(refusal(trailer_request(), chunks + "x-amz-trailer-signature:12\r\n") == errc::protocol);
}

TEST_CASE("an upload without trailers may have none") {
    std::string body = reference_body();
    body.resize(body.size() - 2);

    CHECK(refusal(reference_seed(), body + "x-amz-checksum-crc32c:sOO8/Q==\r\n") == errc::protocol);
}

TEST_CASE("an unsigned stream is taken apart with its trailers") {
    const std::string body =
        "5\r\nhello\r\n6;ignored=yes\r\n world\r\n0\r\n"
        "x-amz-checksum-crc32:DUoRhQ==\r\nx-amz-other:1\r\n\r\n";
    for (std::size_t piece = 1; piece <= body.size(); ++piece) {
        const outcome seen = decode(unsigned_request(), body, piece, bytes(11));
        REQUIRE(seen.done);
        REQUIRE(seen.payload == "hello world");
        REQUIRE(seen.trailers.size() == 2);
        REQUIRE(seen.trailers[1].first == "x-amz-other");
    }
}

TEST_CASE("an empty upload is one last chunk") {
    const outcome seen = decode(unsigned_request(), "0\r\n\r\n", 100, bytes(0));

    CHECK(seen.done);
    CHECK(seen.payload.empty());
}

TEST_CASE("broken framing is refused") {
    for (const auto* body :
         {"\r\n", "g\r\n", "-1\r\n", "0x5\r\nhello\r\n", " 5\r\nhello\r\n", "5\nhello\r\n",
          "5\r\nhelloX\r\n", "5\r\nhello\n", ";chunk-signature=0\r\n", "00000000000000005\r\n",
          "5 \r\nhello\r\n"}) {
        INFO(body);
        CHECK(refusal(unsigned_request(), body) == errc::protocol);
    }
    CHECK(refusal(reference_seed(), "5\r\nhello\r\n") == errc::protocol);
    CHECK(refusal(reference_seed(), "5;chunk-signature=ad80\r\nhello\r\n") == errc::protocol);
    CHECK(refusal(reference_seed(), "5;x=" + std::string(plain_seed) + "\r\nhello\r\n") ==
          errc::protocol);
}

TEST_CASE("lines, trailers and chunks have limits") {
    const std::string longest(aws_chunked_decoder::line_length_max - 4, 'x');
    CHECK(decode(unsigned_request(), "0;" + longest + "\r\n\r\n", 100).done);
    CHECK(refusal(unsigned_request(), "0;" + longest + "x\r\n\r\n") == errc::too_large);

    std::string trailers;
    for (std::size_t i = 0; i < aws_chunked_decoder::trailers_max; ++i) trailers += "a:b\r\n";
    CHECK(decode(unsigned_request(), "0\r\n" + trailers + "\r\n", 100).done);
    CHECK(refusal(unsigned_request(), "0\r\n" + trailers + "a:b\r\n\r\n") == errc::too_large);

    CHECK(decode(unsigned_request(), "140000000\r\n", 100).status.has_value());
    CHECK(refusal(unsigned_request(), "140000001\r\n") == errc::too_large);
    CHECK(refusal(unsigned_request(), "ffffffffffffffff\r\n") == errc::too_large);
}

TEST_CASE("after a refusal the decoder stays refused") {
    aws_chunked_decoder decoder(unsigned_request(), std::nullopt);
    const auto feed = [&](std::string_view text) {
        return decoder.feed(std::as_bytes(std::span(text)));
    };
    REQUIRE(feed("bad\n").error().code == errc::protocol);

    CHECK(feed("0\r\n\r\n").error().code == errc::protocol);
    CHECK(feed("").error().code == errc::protocol);
    CHECK_FALSE(decoder.done());
}

}  // namespace lode::frontend::s3
