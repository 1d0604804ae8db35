#include "frontend/peer/refusal.h"

#include <algorithm>

#include "frontend/http/head_writer.h"

namespace lode::frontend::peer {
namespace {

constexpr std::array<std::string_view, refusals> refusal_names = {
    "silent", "unreadable", "no-session", "protocol", "malformed", "cluster",
    "proof",  "clock",      "replayed",   "own-name", "mac"};

}  // namespace

std::string_view name_of(refusal why) { return refusal_names[static_cast<std::size_t>(why)]; }

std::optional<refusal> refusal_named(std::string_view name) {
    const auto* const found = std::ranges::find(refusal_names, name);
    if (found == refusal_names.end()) return std::nullopt;
    return static_cast<refusal>(found - refusal_names.begin());
}

unsigned status_of(refusal why) {
    switch (why) {
        case refusal::silent: return 408;
        case refusal::unreadable:
        case refusal::malformed: return 400;
        case refusal::no_session:
        case refusal::proof:
        case refusal::replayed:
        case refusal::mac: return 401;
        case refusal::cluster:
        case refusal::clock: return 403;
        case refusal::own_name: return 409;
        case refusal::protocol: return 505;
    }
    return 400;
}

engine::task<void> send_refusal(engine::stream& to, refusal why, std::string sentence,
                                protocol_range spoken, unsigned status) {
    std::string head;
    http::head_writer writer(head);
    writer.response(status == 0 ? status_of(why) : status)
        .field("Content-Type", "text/plain")
        .field(refusal_field, name_of(why))
        .field(protocols_field, text_of(spoken))
        .field("Connection", "close")
        .content_length(bytes(sentence.size()))
        .end();
    std::array<iovec, 2> pieces = {http::piece_of(head), http::piece_of(sentence)};
    if (co_await to.send(pieces)) (void)co_await to.finish_sending();
}

}  // namespace lode::frontend::peer
