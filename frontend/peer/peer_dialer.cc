#include "frontend/peer/peer_dialer.h"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/base/assert.h"
#include "engine/runtime/scheduler.h"
#include "frontend/http/head_writer.h"

namespace lode::frontend::peer {
namespace {

// For a log: one line of ASCII, whoever wrote it.
std::string sentence_of(std::string_view text) {
    std::string line(text.substr(0, sentence_max));
    for (char& c : line) c = c >= ' ' && c < 0x7f ? c : '?';
    return line;
}

// The newest protocol that both sides speak; 0: none.
std::uint32_t common_of(const protocol_range& ours, const protocol_range& theirs) {
    const std::uint32_t newest = std::min(ours.newest, theirs.newest);
    return ours.contains(newest) && theirs.contains(newest) ? newest : 0;
}

}  // namespace

peer_agreement& agreement_of(http::client_connection& connection) {
    LODE_ASSERT(connection.agreed() != nullptr);
    return static_cast<peer_agreement&>(*connection.agreed());
}

engine::task<result<http::dialed>> peer_dialer::dial(time_point until) {
    // A second connection only to a peer that asks for an older protocol.
    for (int attempt = 0;; ++attempt) {
        auto made = co_await below_->dial(until);
        if (!made) {
            older_ = 0;
            tell({.why = made.error()});
            co_return fail(errc::unavailable);
        }
        made->stream->expire_at(std::min(until, engine::now() + options_.patience));
        const std::uint32_t protocol = older_ != 0 ? older_ : us_.protocols.newest;
        auto done = co_await greet(*made->stream, protocol);
        if (done) {
            made->stream->expire_at(never);
            made->agreed = std::move(*done);
            co_return std::move(*made);
        }
        made->stream->abort();
        co_await made->stream->close();
        const failure& failed = done.error();
        const std::uint32_t common = common_of(us_.protocols, failed.theirs);
        const bool again = failed.refused && failed.reason == refusal::protocol && attempt == 0 &&
                           common != 0 && common != protocol;
        older_ = again && common != us_.protocols.newest ? common : 0;
        if (again) continue;
        tell(failed);
        co_return fail(errc::unavailable);
    }
}

engine::task<peer_dialer::agreed> peer_dialer::greet(engine::stream& s, std::uint32_t protocol) {
    const auto wall = engine::scheduler::current().time().wall();
    const hello ours{.cluster = us_.cluster,
                     .node = us_.node,
                     .view = us_.describe().view,
                     .time = std::chrono::floor<std::chrono::seconds>(wall),
                     .nonce = draw_nonce()};
    const std::string target = hello_target(ours, protocol);
    const mac_text proof = prove_hello(*us_.secret, target);
    std::string text;
    http::head_writer writer(text);
    writer.request("GET", target)
        .field("Host", peer_host)
        .field(mac_field, s3::view_of(proof))
        .end();
    auto sent = co_await engine::send_all(s, std::as_bytes(std::span(text)));
    // A peer that refuses without reading may have closed before we were done; its words are still there.
    http::message_reader reader(s, wire_limits);
    auto head = co_await reader.read_response("GET");
    if (!head) {
        co_return std::unexpected(failure{.why = sent ? head.error() : sent.error()});
    }
    if (head->status != 200) co_return std::unexpected(co_await read_refusal(reader, *head));
    co_return co_await read_answer(reader, *head, ours.nonce, protocol);
}

engine::task<peer_dialer::agreed> peer_dialer::read_answer(http::message_reader& reader,
                                                           const http::response_head& head,
                                                           const nonce& ours,
                                                           std::uint32_t protocol) {
    const auto distrust = [](std::string sentence) {
        return std::unexpected(
            failure{.why = {.code = errc::protocol}, .sentence = std::move(sentence)});
    };
    if (head.body != http::framing::length || head.content_length > description_max) {
        co_return distrust("What answers there is no node: its answer has no length, or too much.");
    }
    std::string body(head.content_length.count(), '\0');
    if (!body.empty()) {
        auto got = co_await reader.read_body_full(std::as_writable_bytes(std::span(body)));
        if (!got) co_return std::unexpected(failure{.why = got.error()});
    }
    const auto proof = http::find_header(head.headers, mac_field);
    if (!proof || http::count_header(head.headers, mac_field) != 1 ||
        !same_mac(*proof, prove_hello_answer(*us_.secret, ours, body))) {
        co_return distrust("What answers there does not know this cluster's secret.");
    }
    auto said = parse_hello_answer(body);
    if (!said) co_return distrust("Its answer to the hello cannot be read. " + said.error());
    // Nothing was asked after the hello.
    if (!reader.may_continue() || reader.has_more()) {
        co_return distrust("It goes on talking, or closes, after its answer to the hello.");
    }
    if (listener_ != nullptr) listener_->heard(said->about);
    if (!options_.expected.empty() && said->about.who.name != options_.expected) {
        co_return std::unexpected(failure{
            .why = {.code = errc::changed},
            .sentence =
                sentence_of("Node \"" + said->about.who.name + "\" answers there, where \"" +
                            options_.expected + "\" is expected.")});
    }
    co_return std::make_unique<peer_agreement>(session_key(*us_.secret, ours, said->nonce),
                                               std::move(said->about.who.name), protocol);
}

engine::task<peer_dialer::failure> peer_dialer::read_refusal(http::message_reader& reader,
                                                             const http::response_head& head) {
    failure f{.why = {.code = errc::denied}};
    const auto word = refusal_named(http::find_header(head.headers, refusal_field).value_or(""));
    if (!word) {
        f.why = {.code = errc::protocol};
        f.sentence = "What answers there is no node: it refuses the hello without a reason.";
        co_return f;
    }
    f.refused = true;
    f.reason = *word;
    const auto spoken = http::find_header(head.headers, protocols_field).value_or("");
    f.theirs = parse_protocols(spoken).value_or(f.theirs);
    std::array<std::byte, sentence_max> text;
    const auto got = co_await reader.read_body_full(text);
    if (got) f.sentence = sentence_of({reinterpret_cast<const char*>(text.data()), *got});
    co_return f;
}

void peer_dialer::tell(const failure& f) {
    if (listener_ == nullptr) return;
    if (f.refused) {
        listener_->refused(f.reason, f.sentence);
    } else {
        listener_->failed(f.why, f.sentence);
    }
}

}  // namespace lode::frontend::peer
