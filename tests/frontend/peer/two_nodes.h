// tests/frontend/peer/two_nodes.h
//
// Two nodes over a simulated network: one that asks through a pool, one that answers. Whatever passes can
// be recorded and changed on its way.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/assert.h"
#include "engine/runtime/scope.h"
#include "engine/runtime/simulated_stream.h"
#include "engine/runtime/simulation.h"
#include "frontend/http/connection_pool.h"
#include "frontend/http/head_writer.h"
#include "frontend/peer/greeter.h"
#include "frontend/peer/part_exchange.h"
#include "frontend/peer/peer_dialer.h"

namespace lode::frontend::peer {

// Replaces the first occurrence of one text by another in each message, or every message that has it, or
// sends these twice; and keeps what was sent.
struct meddler {
    std::string from;
    std::string to;
    std::vector<std::string> messages;
    enum class way : std::uint8_t { replace, replace_message, repeat } how = way::replace;

    std::string pass(std::string text) {
        messages.push_back(text);
        if (from.empty()) return text;
        const auto at = text.find(from);
        if (at == std::string::npos) return text;
        if (how == way::replace_message) return to;
        return how == way::repeat ? text + text : text.replace(at, from.size(), to);
    }
};

class meddled_stream final : public engine::stream {
  public:
    meddled_stream(std::unique_ptr<engine::stream> below, meddler& by)
        : below_(std::move(below)), by_(by) {}

    engine::task<result<std::size_t>> receive(std::span<std::byte> into) override {
        return below_->receive(into);
    }
    engine::task<result<>> send(std::span<iovec> pieces) override {
        std::string text;
        for (const iovec& p : pieces) text.append(static_cast<const char*>(p.iov_base), p.iov_len);
        text = by_.pass(std::move(text));
        co_return co_await engine::send_all(*below_, std::as_bytes(std::span(text)));
    }
    engine::task<result<>> finish_sending() override { return below_->finish_sending(); }
    void expire_at(time_point when) override { below_->expire_at(when); }
    void abort() override { below_->abort(); }
    [[nodiscard]] bool aborted() const override { return below_->aborted(); }
    engine::task<void> close() override { return below_->close(); }
    [[nodiscard]] std::string peer() const override { return below_->peer(); }

  private:
    std::unique_ptr<engine::stream> below_;
    meddler& by_;
};

struct heard_of_peer final : peer_listener {
    void heard(const description& about) override { descriptions.push_back(about); }
    void refused(refusal why, std::string_view sentence) override {
        refusals.emplace_back(why, sentence);
    }
    void failed(error why, std::string_view sentence) override {
        failures.emplace_back(why, sentence);
    }

    std::vector<description> descriptions;
    std::vector<std::pair<refusal, std::string>> refusals;
    std::vector<std::pair<error, std::string>> failures;
};

inline own_side side_named(std::string node, std::string_view secret_text = "0123456789abcdef") {
    const description about{.who = {.name = node,
                                    .address = node + ":9001",
                                    .zone = "z",
                                    .capacity = bytes(1ULL << 40U),
                                    .slots = {{.first = 0, .count = 16}}},
                            .state = node_state::up,
                            .load = bytes(5),
                            .view = 0xbeef};
    return {.cluster = "lode",
            .node = std::move(node),
            .secret = std::make_shared<const secret>(secret_text),
            .describe = [about] { return about; }};
}

struct two_nodes {
    explicit two_nodes(own_side b = side_named("node-b"), greeter::options g = {})
        : door(std::move(b), g) {}

    // node-b. Answers every question with a range of x, held with counts, the rest with 200.
    engine::task<void> serve(std::unique_ptr<engine::stream> s) {
        http::message_reader reader(*s, wire_limits);
        auto guest = co_await door.greet(*s, reader);
        if (guest) {
            guests.push_back(guest->node);
            protocol = guest->protocol;
            co_await serve_session(*s, reader, guest->session);
        }
        co_await s->close();
    }
    engine::task<void> serve_session(engine::stream& s, http::message_reader& reader,
                                     server_session& session) {
        std::string out;
        for (;;) {
            auto head = co_await reader.read_request();
            if (!head) co_return;
            if (!session.accepts(*head)) {
                co_await door.turn_away(s, refusal::mac, "Not this session's next request.");
                co_return;
            }
            const auto path = parse_path(head->target);
            LODE_ASSERT(path && path->word == part_word);
            const auto q = parse_question(path->query, http::find_header(head->headers, "range"));
            LODE_ASSERT(q);
            asked.push_back(q->name.key);
            part_answer said{.word = cache_word::hit, .part = q->id};
            if (q->want == part_question::want_kind::held) said.held = engine::presence{1, 2, 0, 3};
            const bool has_bytes = q->want == part_question::want_kind::bytes && status == 206;
            const bytes length = has_bytes ? q->end - q->first : bytes(0);
            const unsigned word = status == 206 && !has_bytes ? 200 : status;
            write_reply_head(out, session, word, length, instead ? *instead : said);
            out.append(length.count(), 'x');
            if (!co_await engine::send_all(s, std::as_bytes(std::span(out)))) co_return;
        }
    }

    greeter door;
    meddler on_the_way_there;
    meddler on_the_way_back;
    heard_of_peer listener;
    std::vector<std::string> guests;
    std::vector<std::string> asked;
    std::uint32_t protocol = 0;
    unsigned status = 206;
    std::optional<part_answer> instead;
    int dialed = 0;
    bool unreachable = false;
    std::unique_ptr<engine::scope> servers = std::make_unique<engine::scope>();
};

class dialer_to_b final : public http::dialer {
  public:
    explicit dialer_to_b(two_nodes& world) : world_(world) {}

    engine::task<result<http::dialed>> dial(time_point) override {
        ++world_.dialed;
        if (world_.unreachable) co_return fail(errc::unavailable);
        auto [near, far] = engine::simulated_stream::make_pair({});
        world_.servers->spawn(
            world_.serve(std::make_unique<meddled_stream>(std::move(far), world_.on_the_way_back)));
        co_return http::dialed{
            .stream = std::make_unique<meddled_stream>(std::move(near), world_.on_the_way_there)};
    }

  private:
    two_nodes& world_;
};

inline std::unique_ptr<http::connection_pool> pool_of(two_nodes& world,
                                                      own_side a = side_named("node-a"),
                                                      peer_dialer::options o = {}) {
    return std::make_unique<http::connection_pool>(
        std::make_unique<peer_dialer>(std::make_unique<dialer_to_b>(world), std::move(a),
                                      std::move(o), &world.listener),
        http::connection_pool::options{});
}

inline time_point soon() { return engine::now() + std::chrono::seconds(3); }

// Waits for every server; others may be begun afterwards.
inline engine::task<void> end_servers(two_nodes& world) {
    co_await world.servers->close();
    world.servers = std::make_unique<engine::scope>();
}

inline engine::task<void> close_all(two_nodes& world, http::connection_pool& pool) {
    co_await pool.close();
    co_await end_servers(world);
}

}  // namespace lode::frontend::peer
