#include "frontend/peer/greeter.h"

#include <utility>

#include <fmt/format.h>

#include "engine/base/assert.h"
#include "engine/runtime/scheduler.h"
#include "frontend/http/head_writer.h"

namespace lode::frontend::peer {
namespace {

std::chrono::sys_seconds wall_seconds() {
    return std::chrono::floor<std::chrono::seconds>(engine::scheduler::current().time().wall());
}

// A quoted name of somebody who proved nothing, or of the world: short, and of printable characters.
std::string fit_for_a_sentence(std::string_view name) {
    std::string out;
    for (const char c : name.substr(0, 40)) out += c > ' ' && c < 0x7f && c != '"' ? c : '?';
    return out;
}

}  // namespace

// A hello from a clock that is as fast as it may be is good for twice the difference.
greeter::greeter(own_side us, const options& o)
    : us_(std::move(us)), options_(o), nonces_(o.nonces, 2 * duration(o.clock_skew)) {
    LODE_ASSERT(us_.secret != nullptr && o.nonces > 0);
}

engine::task<result<greeter::guest>> greeter::greet(engine::stream& stream,
                                                    http::message_reader& reader) {
    const time_point until = engine::now() + options_.patience;
    stream.expire_at(until);
    auto head = co_await reader.read_request();
    if (!head) {
        const error why = head.error();
        const unsigned status = http::status_of(reader.problem(), why);
        const bool late = why.code == errc::timed_out;
        // A time of their own for what we have to say.
        stream.expire_at(until + options_.patience);
        if (status == 0 || (late && !reader.head_begun())) {
            if (late) stats_.refused.add(refusal::silent);
            co_return std::unexpected(why);
        }
        co_await turn_away(stream, late ? refusal::silent : refusal::unreadable,
                           late ? "The hello did not arrive in time."
                                : std::string(http::describe(reader.problem())),
                           status);
        co_return fail(errc::denied);
    }
    auto judged = judge(*head);
    if (!judged) {
        co_await turn_away(stream, judged.error().why, std::move(judged.error().sentence));
        co_return fail(errc::denied);
    }
    const nonce ours = draw_nonce();
    auto sent = co_await answer(stream, judged->said, ours);
    if (!sent) co_return std::unexpected(sent.error());
    stream.expire_at(never);
    stats_.greeted.add();
    co_return guest{.session = server_session(session_key(*us_.secret, judged->said.nonce, ours)),
                    .node = std::move(judged->said.node),
                    .view = judged->said.view,
                    .protocol = judged->protocol};
}

// From what tells an operator most to what tells a stranger something: before the proof nothing is said that
// is ours.
std::expected<greeter::welcome, greeter::objection> greeter::judge(const http::request_head& head) {
    const auto object = [](refusal why, std::string sentence) {
        return std::unexpected(objection{.why = why, .sentence = std::move(sentence)});
    };
    const auto path = parse_path(head.target);
    if (!path || path->word != hello_word || head.method != "GET" ||
        head.body != http::framing::none) {
        return object(refusal::no_session,
                      "This is the port for other nodes of the cluster: nothing but the hello is "
                      "answered without a session.");
    }
    if (!us_.protocols.contains(path->protocol)) {
        return object(
            refusal::protocol,
            us_.protocols.oldest == us_.protocols.newest
                ? fmt::format("This node speaks protocol {}, not {}.", us_.protocols.newest,
                              path->protocol)
                : fmt::format("This node speaks protocols {} and {}, not {}.", us_.protocols.newest,
                              us_.protocols.oldest, path->protocol));
    }
    auto said = parse_hello(path->query);
    if (!said) return object(refusal::malformed, "The hello cannot be read. " + said.error());
    if (said->cluster != us_.cluster) {
        return object(refusal::cluster, fmt::format("This node is not of cluster \"{}\".",
                                                    fit_for_a_sentence(said->cluster)));
    }
    const auto proof = http::find_header(head.headers, mac_field);
    if (!proof || http::count_header(head.headers, mac_field) != 1 ||
        !same_mac(*proof, prove_hello(*us_.secret, head.target))) {
        return object(refusal::proof, "The hello was not made with this cluster's secret.");
    }
    const std::chrono::seconds apart = std::chrono::abs(said->time - wall_seconds());
    if (apart > options_.clock_skew) {
        return object(refusal::clock,
                      fmt::format("The clocks of the two nodes are {} s apart, {} s "
                                  "are allowed.",
                                  apart.count(), options_.clock_skew.count()));
    }
    if (said->node == us_.node) {
        return object(refusal::own_name, fmt::format("This node is called \"{}\", too.",
                                                     fit_for_a_sentence(us_.node)));
    }
    if (!nonces_.add(said->nonce, engine::now())) {
        return object(refusal::replayed, "This hello has been said before.");
    }
    return welcome{.said = std::move(*said), .protocol = path->protocol};
}

engine::task<result<>> greeter::answer(engine::stream& stream, const hello& heard,
                                       const nonce& ours) {
    const std::string body = hello_answer_text({.about = us_.describe(), .nonce = ours});
    const mac_text proof = prove_hello_answer(*us_.secret, heard.nonce, body);
    std::string head;
    http::head_writer writer(head);
    writer.response(200)
        .field("Content-Type", "text/plain")
        .field(mac_field, s3::view_of(proof))
        .content_length(bytes(body.size()))
        .end();
    std::array<iovec, 2> pieces = {http::piece_of(head), http::piece_of(body)};
    co_return co_await stream.send(pieces);
}

engine::task<void> greeter::turn_away(engine::stream& stream, refusal why, std::string sentence,
                                      unsigned status) {
    stats_.refused.add(why);
    co_await send_refusal(stream, why, std::move(sentence), us_.protocols, status);
}

}  // namespace lode::frontend::peer
