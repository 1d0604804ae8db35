// The first byte chooses the kind of stream and the size of the pieces, the rest is the body.
//
//   - However a body is cut into pieces, the same payload, trailers and verdict come out.
//   - A decoder takes at least one byte at a time, never more than it was given, and never hands
//     out more payload than it took.
//   - A signed stream that nobody signed is never done, and its payload never complete.
#include <string>

#include "frontend/s3/aws_chunked.h"
#include "tests/fuzz/fuzz_input.h"

using namespace lode;
using namespace lode::frontend::s3;
using fuzz::must_hold;

namespace {

struct outcome {
    std::string payload;
    std::string trailers;
    std::optional<errc> refused;
    bool done = false;

    friend bool operator==(const outcome&, const outcome&) = default;
};

outcome decode(payload_kind kind, std::string_view body, std::size_t piece) {
    const verified_request seed{.access_key = "AK",
                                .payload = kind,
                                .timestamp = "20130524T000000Z",
                                .scope = {.date = "20130524", .region = "r"},
                                .signature = std::string(64, '0'),
                                .signing_key = sha256_of("a key that appears in no corpus")};
    aws_chunked_decoder decoder(seed, std::nullopt);
    outcome seen;
    while (!body.empty() && !decoder.done()) {
        const auto input = body.substr(0, piece);
        const auto step = decoder.feed(std::as_bytes(std::span(input)));
        if (!step) {
            seen.refused = step.error().code;
            return seen;
        }
        must_hold(step->consumed > 0 && step->consumed <= input.size(), "takes what it was given");
        must_hold(step->payload.size() <= step->consumed, "hands out no more than it took");
        seen.payload.append(reinterpret_cast<const char*>(step->payload.data()),
                            step->payload.size());
        body.remove_prefix(step->consumed);
    }
    seen.done = decoder.done();
    must_hold(bytes(seen.payload.size()) == decoder.decoded(), "counts what it hands out");
    for (const trailer& t : decoder.trailers()) seen.trailers += t.name + ":" + t.value + "\n";
    return seen;
}

// Where a stream is refused, how much payload came before depends on the pieces; the verdict not.
bool agree(const outcome& a, const outcome& b) {
    return a.refused && b.refused ? a.refused == b.refused : a == b;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t length) {
    if (length == 0) return 0;
    constexpr std::array kinds = {payload_kind::streaming_unsigned_trailer,
                                  payload_kind::streaming_signed,
                                  payload_kind::streaming_signed_trailer};
    const payload_kind kind = kinds[data[0] % kinds.size()];
    const std::size_t piece = 1 + data[0] / kinds.size();
    const auto body = fuzz::text_of(data + 1, length - 1);

    const outcome whole = decode(kind, body, std::max<std::size_t>(body.size(), 1));
    const outcome pieces = decode(kind, body, piece);

    must_hold(agree(whole, pieces), "cutting a body changes nothing");
    must_hold(kind == payload_kind::streaming_unsigned_trailer || !whole.done,
              "nobody signed this");
    return 0;
}
