#include "tests/frontend/lying_home.h"

#include <utility>

#include "engine/base/hash.h"
#include "frontend/http/message_reader.h"
#include "frontend/peer/part_exchange.h"

namespace lode::frontend {

using namespace std::chrono_literals;

lying_home::lying_home(std::string_view word)
    : word_(word),
      door_({.cluster = "lode",
             .node = small_cluster::name_of(place),
             .secret = small_cluster::secret(),
             .describe =
                 [] {
                     return peer::description{.who = small_cluster::member_of(place),
                                              .state = peer::node_state::up};
                 }},
            {}) {}

small_cluster::options lying_home::beside_it(settings config) {
    return {
        .config = std::move(config),
        .impostor = [this](std::unique_ptr<engine::stream> from) { return play(std::move(from)); },
        .impostor_at = place};
}

engine::task<void> lying_home::play(std::unique_ptr<engine::stream> stream) {
    http::message_reader reader(*stream, peer::wire_limits);
    auto guest = co_await door_.greet(*stream, reader);
    stream->expire_at(engine::now() + 60s);
    while (guest) {
        auto head = co_await reader.read_request();
        if (!head || !guest->session.accepts(*head)) break;
        const auto path = peer::parse_path(head->target);
        std::string text;
        const bool meant = path && path->word == word_;
        if (meant) {
            ++asked;
            text = answer(path->query, guest->session);
            if (thinks > 0s) co_await engine::sleep_for(thinks);
        } else if (path && path->word == peer::state_word) {
            (void)peer::write_reply_head(text, guest->session, 200, bytes(0), {});
        }
        if (text.empty()) break;
        if (!co_await engine::send_all(*stream, std::as_bytes(std::span(text)))) break;
        if (meant && cuts_off) break;
    }
    co_await stream->close();
}

std::string spoiled_answer(spoiling how, hash128 id, std::string body,
                           peer::server_session& session) {
    peer::part_answer word{.part = id};
    if (how == spoiling::not_known) body.clear();
    if (how != spoiling::no_digest && !body.empty()) word.body = s3::sha256_of(body);
    if (how == spoiling::another_one) word.part.low ^= 1;
    std::string head;
    (void)peer::write_reply_head(head, session, body.empty() ? 404 : 200, bytes(body.size()), word);
    if (how == spoiling::wrong_mac) {
        char& digit = head[head.find(peer::mac_field) + peer::mac_field.size() + 5];
        digit = digit == '0' ? '1' : '0';
    }
    if (how == spoiling::changed_body) body.back() = body.back() == '0' ? '1' : '0';
    if (how == spoiling::cut_off) body.pop_back();
    return head + body;
}

std::size_t home_of(small_cluster& world, const std::string& target) {
    const auto slash = target.find('/', 1);
    const std::string text =
        origin::object_name{.bucket = target.substr(1, slash - 1), .key = target.substr(slash + 1)}
            .text();
    const auto& view = *world.cluster(0).peers.view();
    const auto first = view.candidates_of(xxh3_128(std::as_bytes(std::span(text))), 1)[0];
    return static_cast<std::size_t>(view[first].name.front() - 'a');
}

std::string put_at_home(small_cluster& world, std::size_t home, const stored_object& object) {
    for (std::size_t n = 0;; ++n) {
        const std::string target = "/data/k" + std::to_string(n);
        if (home_of(world, target) != home) continue;
        world.objects[target] = object;
        return target;
    }
}

}  // namespace lode::frontend
