#include "tools/lode-origin/admin.h"

#include <array>
#include <chrono>
#include <utility>

#include "engine/runtime/remote.h"
#include "engine/runtime/socket.h"
#include "frontend/http/head_writer.h"
#include "frontend/http/message_limits.h"
#include "frontend/http/message_reader.h"
#include "frontend/s3/query.h"
#include "tools/lode-origin/refusal.h"

namespace lode::dev_origin {
namespace {

constexpr duration request_max = std::chrono::seconds(60);
constexpr bytes body_max{1ULL << 20U};

}  // namespace

engine::task<void> admin_port::serve(int fd, engine::socket_address peer) {
    engine::tcp_socket stream(fd, peer);
    http::message_reader reader(stream, http::limits{});
    open_connection entry;
    entry.stream = &stream;
    open_.push_back(entry);
    std::string head_buffer;
    for (bool more = true; more;) {
        stream.expire_at(engine::now() + request_max);
        const auto head = co_await reader.read_request();
        if (!head) break;
        more = head->keep_alive;
        std::string method(head->method);
        std::string target(head->target);
        if (!co_await reader.discard_body(body_max)) break;
        const reply r = co_await answer(method, std::move(target));
        http::head_writer out(head_buffer);
        out.response(r.status).field("Content-Type", "application/json");
        out.content_length(bytes(r.body.size()));
        if (!more) out.field("Connection", "close");
        std::array<iovec, 2> pieces = {http::piece_of(out.end()), http::piece_of(r.body)};
        const std::size_t count = r.body.empty() || method == "HEAD" ? 1 : 2;
        if (!co_await stream.send(std::span(pieces).first(count))) break;
    }
    entry.unlink();
    co_await stream.close();
}

void admin_port::abort() {
    for (open_connection* c = open_.empty() ? nullptr : &open_.front(); c != nullptr;
         c = open_.next_of(*c)) {
        c->stream->abort();
    }
}

engine::task<admin_port::reply> admin_port::answer(std::string method, std::string target) {
    const auto [path, query] = s3::split(target);
    if (path == "/healthz") co_return reply{.status = 200, .body = "ok\n"};
    if (path == "/counters") co_return co_await counters(std::move(method));
    if (path == "/counters/reset") co_return co_await reset_counters(std::move(method));
    if (path == "/faults") co_return co_await faults(std::move(method), std::string(query));
    if (path == "/public") {
        co_return co_await visibility_of_bucket(std::move(method), std::string(query));
    }
    co_return reply{.status = 404, .body = "{\"error\":\"no such page\"}\n"};
}

engine::task<admin_port::reply> admin_port::counters(std::string method) {
    if (method != "GET") co_return reply{.status = 405};
    std::vector<const tally*> all;
    all.reserve(cores_.size());
    for (const auto& core : cores_) all.push_back(&core->counts);
    co_return reply{.status = 200, .body = counters_json(all)};
}

engine::task<admin_port::reply> admin_port::reset_counters(std::string method) {
    if (method != "POST") co_return reply{.status = 405};
    for (std::size_t i = 0; i < cores_.size(); ++i) {
        co_await engine::on_core(core_id(static_cast<std::uint16_t>(i)),
                                 [core = cores_[i].get()] { core->counts.reset(); });
    }
    co_return reply{.status = 204};
}

engine::task<admin_port::reply> admin_port::faults(std::string method, std::string query) {
    if (method == "DELETE") {
        co_await set_faults_active(false);
        cores_.front()->shared.faults.clear();
        co_return reply{.status = 204};
    }
    if (method != "POST") co_return reply{.status = 405};
    const auto parameters = parse_query(query);
    const auto plan =
        parameters ? parse_fault_plan(*parameters) : result<fault_plan>(fail(errc::invalid));
    if (!plan) {
        co_return reply{.status = 400, .body = "{\"error\":\"these faults cannot be meant\"}\n"};
    }
    cores_.front()->shared.faults.set(*plan);
    co_await set_faults_active(true);
    co_return reply{.status = 204};
}

engine::task<void> admin_port::set_faults_active(bool active) {
    for (std::size_t i = 0; i < cores_.size(); ++i) {
        co_await engine::on_core(
            core_id(static_cast<std::uint16_t>(i)),
            [core = cores_[i].get(), active] { core->faults_active = active; });
    }
}

engine::task<admin_port::reply> admin_port::visibility_of_bucket(std::string method,
                                                                 std::string query) {
    if (method != "POST" && method != "DELETE") co_return reply{.status = 405};
    const auto parameters = parse_query(query);
    const std::string* bucket = parameters ? find_parameter(*parameters, "bucket") : nullptr;
    if (bucket == nullptr) {
        co_return reply{.status = 400, .body = "{\"error\":\"which bucket?\"}\n"};
    }
    const auto changed = cores_.front()->buckets.set_visibility(
        *bucket, method == "POST" ? visibility::everybody_reads : visibility::owner_only);
    if (!changed) co_return reply{.status = 404, .body = "{\"error\":\"no such bucket\"}\n"};
    co_return reply{.status = 204};
}

}  // namespace lode::dev_origin
