#include "frontend/peer_connection.h"

#include <utility>

#include "frontend/peer/wire.h"
#include "frontend/serve_home.h"

namespace lode::frontend {

peer_connection::peer_connection(serving& here, std::unique_ptr<engine::stream> stream)
    : here_(here), stream_(std::move(stream)), reader_(*stream_, peer::wire_limits) {}

engine::task<void> peer_connection::run() {
    counts(here_).open.add();
    idle_ = true;
    auto guest = co_await here_.cluster->greeter.greet(*stream_, reader_);
    if (guest) {
        peer_line line{.stream = *stream_, .session = guest->session};
        while (co_await serve_one(line)) {
        }
    }
    co_await stream_->close();
    counts(here_).open.subtract();
}

// False when the connection has no future.
engine::task<bool> peer_connection::serve_one(peer_line& line) {
    const limit_settings& limits = here_.node.settings.limits;
    idle_ = true;
    if (here_.stopping) co_return false;
    stream_->expire_at(engine::now() + limits.idle_timeout);
    if (!co_await reader_.wait_for_head()) co_return false;
    idle_ = false;

    stream_->expire_at(engine::now() + limits.head_timeout);
    auto head = co_await reader_.read_request();
    peer::greeter& door = here_.cluster->greeter;
    if (!head || head->method != "GET") {
        co_await door.turn_away(*stream_, peer::refusal::unreadable, "this is no question");
        co_return false;
    }
    if (!line.session.accepts(*head)) {
        co_await door.turn_away(*stream_, peer::refusal::mac,
                                "this question is not the session's next one");
        co_return false;
    }
    const auto path = peer::parse_path(head->target);
    if (path && path->word == peer::state_word) co_return co_await serve_state(here_, line);
    if (path && path->word == peer::layout_word) {
        auto asked = peer::parse_layout_question(path->query);
        if (asked) co_return co_await serve_layout(here_, line, std::move(*asked));
        co_await door.turn_away(*stream_, peer::refusal::malformed, asked.error());
        co_return false;
    }
    if (path && path->word == peer::version_word) {
        auto asked = peer::parse_version_question(path->query);
        if (asked) co_return co_await serve_version(here_, line, std::move(*asked));
        co_await door.turn_away(*stream_, peer::refusal::malformed, asked.error());
        co_return false;
    }
    if (!path || path->word != peer::part_word) {
        co_await door.turn_away(*stream_, peer::refusal::malformed,
                                "there is no such question in this protocol");
        co_return false;
    }
    auto question = peer::parse_question(path->query, http::find_header(head->headers, "range"));
    if (!question) {
        co_await door.turn_away(*stream_, peer::refusal::malformed, question.error());
        co_return false;
    }
    co_return co_await serve_part(here_, line, std::move(*question));
}

void peer_connection::end_if_idle() {
    if (idle_) stream_->abort();
}

connection_counters& peer_connection::counts(serving& here) { return here.cluster->connections; }

engine::task<void> peer_connection::turn_away(std::unique_ptr<engine::stream> stream) {
    stream->abort();
    co_await stream->close();
}

}  // namespace lode::frontend
