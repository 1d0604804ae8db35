// The first byte chooses requests or responses and how the stream is split; the rest is the stream.
//
//   - However the bytes are split, the reader sees the same heads and bodies, and fails alike.
//   - A head that is accepted, written again, reads as the same head.
//   - Nothing in an accepted head can end a line or name a field twice in two readings: method,
//     target and names hold no white space, values no control byte.
#include "frontend/http/characters.h"
#include "frontend/http/head_writer.h"
#include "frontend/http/message_reader.h"
#include "tests/frontend/http/conversation.h"
#include "tests/fuzz/fuzz_input.h"

using namespace lode;
using namespace lode::frontend::http;
using fuzz::must_hold;

namespace {

// Small, so that inputs of a few hundred bytes reach the limits.
limits small_limits() {
    limits l;
    l.head = bytes(1500);
    l.uri = bytes(200);
    l.headers = 12;
    l.trailers = bytes(120);
    l.chunk_line = bytes(40);
    return l;
}

std::vector<std::string> split(std::string_view text, std::uint8_t choice) {
    lode::random chance(choice);
    std::vector<std::string> pieces;
    while (!text.empty()) {
        const std::size_t most = chance.one_in(3) ? 1 : 40;
        const std::size_t count = std::min<std::size_t>(text.size(), 1 + chance.below(most));
        pieces.emplace_back(text.substr(0, count));
        text.remove_prefix(count);
    }
    return pieces;
}

void check_fields(const owned_fields& fields) {
    for (const auto& [name, value] : fields) {
        must_hold(is_token(name), "a name is a token");
        must_hold(trim(value) == value, "a value has no white space around it");
        must_hold(std::ranges::all_of(value, is_text), "a value has no control byte");
    }
}

void check_again(const seen_request& seen) {
    must_hold(is_token(seen.method), "a method is a token");
    must_hold(is_target(seen.target), "a target has no white space");
    must_hold(seen.target.starts_with('/') || seen.target == "*", "a target is a path");
    check_fields(seen.headers);
    check_fields(seen.trailers);

    std::string text;
    head_writer w(text);
    w.request(seen.method, seen.target);
    for (const auto& [name, value] : seen.headers) w.field(name, value);
    (void)w.end();
    if (seen.minor_version == 0) text.replace(text.find(" HTTP/1.1\r\n"), 9, " HTTP/1.0");
    // The body as one chunk or as it is.
    if (seen.body_framing == framing::chunked) text += "0\r\n\r\n";
    text += seen.body_framing == framing::length ? seen.body : "";

    limits roomy = small_limits();
    roomy.head = bytes(8192);  // a space after each colon may have been added
    const auto again = requests_in({text}, roomy);
    must_hold(again.seen.size() == 1, "what was accepted and written again is accepted again");
    seen_request expected = seen;
    if (seen.body_framing == framing::chunked) expected.body.clear();
    expected.trailers.clear();
    must_hold(again.seen[0] == expected, "and reads as the same");
}

void check_again(const seen_response& seen, const std::string& method) {
    check_fields(seen.headers);
    check_fields(seen.trailers);

    std::string text;
    head_writer w(text);
    w.response(seen.status, seen.reason);
    for (const auto& [name, value] : seen.headers) w.field(name, value);
    (void)w.end();
    if (seen.body_framing == framing::chunked) text += "0\r\n\r\n";
    if (seen.body_framing == framing::length) text += seen.body;

    limits roomy = small_limits();
    roomy.head = bytes(8192);
    const auto again = responses_in({text}, method, roomy);
    must_hold(again.seen.size() == 1, "what was accepted and written again is accepted again");
    must_hold(again.seen[0].status == seen.status && again.seen[0].headers == seen.headers &&
                  again.seen[0].body_framing == seen.body_framing &&
                  again.seen[0].content_length == seen.content_length,
              "and reads as the same");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t length) {
    if (length == 0) return 0;
    const std::uint8_t choice = data[0];
    const std::string text(fuzz::text_of(data + 1, length - 1));
    const auto l = small_limits();

    if (choice % 2 == 0) {
        const auto whole = requests_in({text}, l);
        must_hold(requests_in(split(text, choice), l) == whole, "a split changes nothing");
        for (const auto& seen : whole.seen) check_again(seen);
    } else {
        const std::string method = choice % 4 == 1 ? "GET" : "HEAD";
        const auto whole = responses_in({text}, method, l);
        must_hold(responses_in(split(text, choice), method, l) == whole, "a split changes nothing");
        for (const auto& seen : whole.seen) check_again(seen, method);
    }
    return 0;
}
