// Signed streaming uploads through a lode that signs them anew.
#include "frontend/s3/aws_chunked_encoder.h"
#include "tests/catch.h"
#include "tests/frontend/access/local_world.h"

using namespace lode;
using namespace lode::frontend;
using section = s3::aws_chunked_encoder::trailer_section;

namespace {

constexpr std::string_view streaming = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
constexpr std::string_view streaming_trailer = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";

struct upload {
    std::string payload;
    std::vector<s3::trailer> trailers = {};
    std::optional<std::size_t> stated_length = std::nullopt;
    std::string announced = "x-amz-checksum-crc32c";
    std::string extra_lines = {};
};

// Head and body of a streaming PUT as a client signs it.
struct made_upload {
    std::string head;
    std::string body;
};

made_upload make(const upload& u, const s3::credentials& who = writer_key) {
    const bool with_trailer = !u.trailers.empty();
    const std::string length = std::to_string(u.stated_length.value_or(u.payload.size()));
    client_request r{
        .method = "PUT",
        .target = "/data/open/up",
        .headers = {{"Content-Encoding", "aws-chunked"}, {"x-amz-decoded-content-length", length}},
        .unsigned_lines = u.extra_lines,
        .payload = std::string(with_trailer ? streaming_trailer : streaming)};
    if (with_trailer) r.headers.push_back({"x-amz-trailer", u.announced});
    s3::signer signer(who, "us-east-1");
    const auto signature = signer.sign({.method = "PUT",
                                        .raw_path = r.target,
                                        .raw_query = {},
                                        .host = r.host,
                                        .headers = r.headers,
                                        .payload_sha256 = r.payload},
                                       world_time());
    LODE_ASSERT(signature.has_value());

    s3::aws_chunked_encoder encoder(signer.seed_for_chunks(*signature));
    made_upload made;
    auto left = std::as_bytes(std::span(u.payload));
    while (!left.empty()) {
        left = left.subspan(encoder.add(left));
        const auto piece = encoder.take_chunk();
        made.body.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    }
    made.body += encoder.finish(with_trailer ? section::signed_fields : section::none, u.trailers);
    std::string text = as_text(r, "x-amz-date: " + signature->x_amz_date +
                                      "\r\nx-amz-content-sha256: " + r.payload +
                                      "\r\nAuthorization: " + signature->authorization + "\r\n");
    const std::string none = "Content-Length: 0\r\n";
    text.replace(text.find(none), none.size(),
                 "Content-Length: " + std::to_string(made.body.size()) + "\r\n");
    made.head = std::move(text);
    return made;
}

// What the origin decodes from what it got, with lode's own secret; nothing when anything is wrong.
std::optional<std::string> decoded_at_origin(const origin_request& seen,
                                             std::vector<s3::trailer>* trailers = nullptr) {
    const auto head = local_world::origin_verifies(seen);
    if (!head) return std::nullopt;
    s3::aws_chunked_decoder decoder(
        *head, bytes(std::stoull(seen.header("x-amz-decoded-content-length"))));
    std::string payload;
    auto rest = std::as_bytes(std::span(seen.body));
    while (!rest.empty()) {
        const auto step = decoder.feed(rest);
        if (!step || step->consumed == 0) return std::nullopt;
        payload.append(reinterpret_cast<const char*>(step->payload.data()), step->payload.size());
        rest = rest.subspan(step->consumed);
    }
    if (!decoder.done()) return std::nullopt;
    if (trailers != nullptr) trailers->assign(decoder.trailers().begin(), decoder.trailers().end());
    return payload;
}

const std::vector<s3::trailer> one_trailer = {{"x-amz-checksum-crc32c", "wdBDMA=="}};

}  // namespace

TEST_CASE("a streaming upload arrives with lode's own chunk signatures") {
    for (const std::size_t size : {0U, 1U, 65'536U, 200'000U}) {
        for (const bool with_trailer : {false, true}) {
            local_world w;
            upload u{.payload = content(size)};
            if (with_trailer) u.trailers = one_trailer;
            const made_upload made = make(u);

            const std::string answer = w.world.talk(made.head + made.body);

            CHECK(status_of(answer) == 200);
            REQUIRE(w.world.asked.size() == 1);
            const origin_request& seen = w.world.asked.front();
            std::vector<s3::trailer> trailers;
            CHECK(decoded_at_origin(seen, &trailers) == u.payload);
            CHECK(trailers.size() == u.trailers.size());
            CHECK(seen.header("content-length") == std::to_string(seen.body.size()));
            CHECK(seen.header("content-encoding") == "aws-chunked");
        }
    }
}

TEST_CASE("a trailer of unknown length goes out in HTTP's own chunks") {
    local_world w;
    const upload u{.payload = content(100'000),
                   .trailers = {{"x-amz-checksum-new", "some-value"}},
                   .announced = "x-amz-checksum-new"};
    const made_upload made = make(u);

    const std::string answer = w.world.talk(made.head + made.body);

    CHECK(status_of(answer) == 200);
    const origin_request& seen = w.world.asked.front();
    CHECK(seen.header("transfer-encoding") == "chunked");
    CHECK(seen.header("content-length").empty());
    CHECK(decoded_at_origin(seen) == u.payload);
}

TEST_CASE("a wrong byte, signature, length or end of a body leaves nothing at the origin") {
    struct spoiled {
        std::string_view what;
        std::string code;
        upload from;
        void (*spoil)(made_upload&);
    };
    const upload plain{.payload = content(150'000)};
    const upload trailing{.payload = content(1000), .trailers = one_trailer};
    const spoiled cases[] = {
        {"a byte of the first chunk", "SignatureDoesNotMatch", plain,
         [](made_upload& m) { m.body[1000] ^= 1; }},
        {"a byte of the last chunk", "SignatureDoesNotMatch", plain,
         [](made_upload& m) { m.body[m.body.size() - 200] ^= 1; }},
        {"the last signature", "SignatureDoesNotMatch", plain,
         [](made_upload& m) {
             char& digit = m.body[m.body.size() - 5];
             digit = digit == '0' ? '1' : '0';
         }},
        {"a trailer", "SignatureDoesNotMatch", trailing,
         [](made_upload& m) { m.body[m.body.find("wdBDMA")] = 'x'; }},
        {"less than was stated",
         "IncompleteBody",
         {.payload = "short", .stated_length = 6},
         nullptr},
        {"more than was stated",
         "IncompleteBody",
         {.payload = "longer", .stated_length = 5},
         nullptr},
        {"no framing", "IncompleteBody", plain, [](made_upload& m) { m.body[0] = 'x'; }},
        {"other trailers than announced",
         "IncompleteBody",
         {.payload = "p", .trailers = {{"x-amz-checksum-crc32c", "wdBDMA==longer"}}},
         nullptr},
    };
    for (const spoiled& c : cases) {
        local_world w;
        made_upload made = make(c.from);
        if (c.spoil != nullptr) c.spoil(made);

        const std::string answer = w.world.talk(made.head + made.body);

        INFO(c.what);
        CHECK(error_code_of(answer) == c.code);
        CHECK(status_of(answer) == (c.code == "IncompleteBody" ? 400 : 403));
        CHECK(w.world.asked.empty());  // no complete request
        CHECK(w.world.objects.empty());
        CHECK(w.world.serving().gate.stats().bodies_refused.value() == 1);
        // The origin was not waited for: its connection was closed at once.
        CHECK(w.world.serving().requests.origin_ns.quantile(1.0) < 1'000'000'000);
    }
}

TEST_CASE("bytes after the end of a streaming body are refused, and so is an early end") {
    local_world w;
    const made_upload made = make({.payload = "payload"});
    std::string longer = made.head;
    const std::string length = "Content-Length: " + std::to_string(made.body.size());
    longer.replace(longer.find(length), length.size(),
                   "Content-Length: " + std::to_string(made.body.size() + 3));

    CHECK(error_code_of(w.world.talk(longer + made.body + "abc")) == "IncompleteBody");
    (void)w.world.talk(made.head + made.body.substr(0, made.body.size() - 3));

    CHECK(w.world.asked.empty());
    CHECK(w.world.objects.empty());
}

// radosgw makes an object of a payload that is complete, whether the end of the body comes or not.
TEST_CASE("the last bytes of a payload wait for the client's end") {
    constexpr std::size_t chunk = s3::aws_chunked_encoder::chunk_size;
    s3::signer signer(writer_key, "us-east-1");
    const auto head = signer.sign({.method = "PUT",
                                   .raw_path = "/data/k",
                                   .raw_query = {},
                                   .host = "h",
                                   .headers = {},
                                   .payload_sha256 = streaming},
                                  world_time());
    REQUIRE(head.has_value());
    const s3::chunk_seed seed = signer.seed_for_chunks(*head);
    for (const std::size_t size : {chunk - 1, chunk, 2 * chunk, 2 * chunk + 1}) {
        s3::aws_chunked_encoder client(seed);
        std::string body;
        const std::string payload = content(size);
        auto left = std::as_bytes(std::span(payload));
        while (!left.empty()) {
            left = left.subspan(client.add(left));
            const auto piece = client.take_chunk();
            body.append(reinterpret_cast<const char*>(piece.data()), piece.size());
        }
        body += client.finish(section::none, {});
        access::chunk_recoder recoder({.client = {.access_key = writer_key.access_key,
                                                  .payload = s3::payload_kind::streaming_signed,
                                                  .timestamp = seed.timestamp,
                                                  .scope = seed.scope,
                                                  .signature = seed.signature,
                                                  .signing_key = seed.signing_key},
                                       .decoded_length = bytes(size),
                                       .ours = seed,
                                       .encoded_length = std::nullopt});

        std::size_t sent = 0;
        auto input = std::as_bytes(std::span(body)).first(body.size() - 1);
        for (;;) {
            const auto ready = recoder.feed(input);
            REQUIRE(ready.has_value());
            if (ready->empty()) break;
            sent += ready->size();
        }

        CHECK(sent <= (size - 1) / chunk * (chunk + 100));
        CHECK(recoder.finish().error().code == errc::invalid);
    }
}

TEST_CASE("a streaming upload without its decoded length is refused") {
    local_world w;
    client_request r{.method = "PUT",
                     .target = "/data/open/up",
                     .body = "whatever",
                     .payload = std::string(streaming)};

    CHECK(error_code_of(w.ask(writer_key, r)) == "MissingContentLength");
    CHECK(w.world.asked.empty());
}

TEST_CASE("a client that waits for an invitation gets it, or the origin's early answer") {
    local_world w;
    const made_upload made =
        make({.payload = "payload", .extra_lines = "Expect: 100-continue\r\n"});

    const std::string invited = w.world.talk(made.head + made.body);
    CHECK(invited.starts_with("HTTP/1.1 100 Continue\r\n\r\n"));
    CHECK(decoded_at_origin(w.world.asked.back()) == "payload");

    w.world.invites = false;
    w.world.instead = [](const origin_request&) {
        return "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
    };
    CHECK(status_of(w.world.talk(made.head)) == 403);
}

TEST_CASE("unsigned chunks with a trailer go on as they are, under a new head") {
    local_world w;
    const std::string body = "7\r\npayload\r\n0\r\nx-amz-checksum-crc32c:wdBDMA==\r\n\r\n";
    const client_request r{.method = "PUT",
                           .target = "/data/open/up",
                           .headers = {{"Content-Encoding", "aws-chunked"},
                                       {"x-amz-decoded-content-length", "7"},
                                       {"x-amz-trailer", "x-amz-checksum-crc32c"}},
                           .body = body,
                           .payload = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"};

    CHECK(status_of(w.ask(writer_key, r)) == 200);

    CHECK(w.world.asked.back().body == body);
    const auto seen = local_world::origin_verifies(w.world.asked.back());
    REQUIRE(seen.has_value());
    CHECK(seen->payload == s3::payload_kind::streaming_unsigned_trailer);
}

TEST_CASE("a lode that trusts signs chunks anew without knowing the client's secret") {
    local_world w(auth_mode::trust);
    const made_upload made = make({.payload = content(100'000), .trailers = one_trailer},
                                  {.access_key = "STRANGER", .secret_key = "nobody-knows"});

    CHECK(status_of(w.world.talk(made.head + made.body)) == 200);

    CHECK(decoded_at_origin(w.world.asked.back()) == content(100'000));
}
