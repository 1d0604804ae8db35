#include "frontend/admin.h"

#include <array>
#include <optional>
#include <utility>

#include "engine/base/log.h"
#include "frontend/http/head_writer.h"
#include "frontend/http/message_reader.h"
#include "frontend/metrics.h"
#include "frontend/s3/percent.h"
#include "frontend/s3/query.h"

namespace lode::frontend {
namespace {

constexpr int connections_max = 64;
constexpr duration patience = std::chrono::seconds(5);
constexpr duration patience_with_work = std::chrono::minutes(2);
// A key of 1,024 bytes may take three times as many.
constexpr http::limits head_limits{.head = bytes(8192), .uri = bytes(7168)};

constexpr std::string_view what_there_is =
    "There is GET /metrics, /healthz, /readyz, /cluster[?as=json], "
    "/locate?bucket=BUCKET&key=KEY[&wait=SECONDS][&as=json], "
    "/objects?bucket=BUCKET&prefix=PREFIX[&from=NEXT], "
    "/prestage?bucket=BUCKET&key=KEY[&wait=SECONDS], "
    "and POST /prestage, /purge?bucket=BUCKET&key=KEY, "
    "/purge?bucket=BUCKET&prefix=PREFIX[&from=NEXT], "
    "/drain[?undo], /drop?tier=memory, /device?path=PATH&state=out|in.\n";

}  // namespace

admin::admin(const node_context& node, const access::key_watch* keys, cluster_lead* nodes)
    : node_(node), cores_(node.servings), keys_(keys), nodes_(nodes), started_(engine::now()) {}

engine::task<void> admin::serve(std::unique_ptr<engine::stream> stream) {
    if (open_ >= connections_max) co_return co_await stream->close();
    ++open_;
    http::message_reader reader(*stream, head_limits);
    stream->expire_at(engine::now() + patience);
    if (auto request = co_await reader.read_request()) {
        const bool bodiless = request->method == "HEAD";
        stream->expire_at(engine::now() + patience_with_work);
        const reply r = co_await answer(*request);
        std::string head;
        http::head_writer writer(head);
        writer.response(r.status).field("Content-Type", r.type).field("Connection", "close");
        writer.content_length(bytes(r.body.size())).end();
        std::array<iovec, 2> pieces = {http::piece_of(std::string_view(head)),
                                       http::piece_of(std::string_view(r.body))};
        stream->expire_at(engine::now() + patience);
        (void)co_await stream->send(std::span(pieces).first(bodiless ? 1 : 2));
    }
    co_await stream->close();
    --open_;
}

engine::task<admin::reply> admin::answer(const http::request_head& head) {
    if (head.method == "POST") return change(std::string(head.target));
    if (head.method == "GET" || head.method == "HEAD") return look(std::string(head.target));
    return look("/");
}

engine::task<admin::reply> admin::look(std::string target) {
    const auto [path, raw] = s3::split(target);
    std::string query(raw);
    if (path == "/healthz") co_return reply{.body = "alive\n"};
    if (path == "/readyz") co_return readiness();
    if (path == "/metrics") co_return co_await show_metrics();
    if (path == "/cluster") co_return co_await show_cluster(std::move(query));
    if (path == "/locate") co_return co_await find_object(std::move(query));
    if (path == "/objects") co_return co_await list_objects(std::move(query));
    if (path == "/prestage") co_return co_await follow_prestage(std::move(query));
    co_return reply{.status = 404, .body = std::string(what_there_is)};
}

engine::task<admin::reply> admin::change(std::string target) {
    const auto [path, raw] = s3::split(target);
    std::string query(raw);
    if (target == "/drop?tier=memory") {
        co_await node_.store.drop_memory();
        co_return reply{.body = "dropped\n"};
    }
    if (path == "/device") co_return co_await change_device(std::move(query));
    if (path == "/drain") co_return drain(query);
    if (path == "/prestage") co_return co_await begin_prestage(std::move(query));
    if (path == "/purge") co_return co_await purge(std::move(query));
    co_return reply{.status = 404, .body = std::string(what_there_is)};
}

admin::reply admin::readiness() const {
    if (!ready_) return {.status = 503, .body = "not ready\n"};
    if (draining_) return {.status = 503, .body = "draining\n"};
    if (nodes_ != nullptr && !nodes_->is_acquainted()) {
        return {.status = 503, .body = "not ready: looking for the other nodes\n"};
    }
    return {.body = "ready\n"};
}

engine::task<admin::reply> admin::show_metrics() {
    std::optional<cluster_report> nodes;
    if (nodes_ != nullptr) nodes = co_await report_on(node_, *nodes_);
    co_return reply{.type = "text/plain; version=0.0.4; charset=utf-8",
                    .body = describe_node(node_, keys_, nodes ? &*nodes : nullptr, started_)};
}

engine::task<admin::reply> admin::show_cluster(std::string query) {
    const bool as_json =
        s3::find_parameter(query, "as").value_or(std::nullopt).value_or("") == "json";
    const std::string_view type = as_json ? "application/json" : reply{}.type;
    if (nodes_ == nullptr) {
        co_return reply{
            .type = type,
            .body = as_json ? "null\n" : "This node is alone (cluster.membership is \"none\").\n"};
    }
    const cluster_report r = co_await report_on(node_, *nodes_);
    co_return reply{.type = type, .body = as_json ? print_cluster_json(r) : print_cluster(r)};
}

// Whoever sends clients here hears of it by /readyz, the other nodes by what this one says of itself.
admin::reply admin::drain(std::string_view query) {
    if (!query.empty() && query != "undo") {
        return {.status = 400, .body = "There is /drain and /drain?undo.\n"};
    }
    const bool leaves = query.empty();
    if (draining_ != leaves) log::info("{}", leaves ? "draining" : "not draining any more");
    draining_ = leaves;
    if (nodes_ != nullptr) nodes_->drain(leaves);
    return {.body = leaves ? "draining\n" : "in service\n"};
}

engine::task<admin::reply> admin::change_device(std::string query) {
    std::string device;
    std::string_view state;
    for (const s3::query_parameter& p : s3::query(query)) {
        if (p.name == "state") state = p.value;
        if (p.name != "path") continue;
        if (!s3::percent_decode(p.value, s3::plus_sign::literal, device)) {
            co_return reply{.status = 400, .body = "The path is not percent-encoded.\n"};
        }
    }
    if (state != "out" && state != "in") {
        co_return reply{.status = 400, .body = "The state is \"out\" or \"in\".\n"};
    }
    const auto done = state == "out" ? co_await node_.store.take_out(device)
                                     : co_await node_.store.bring_back(device);
    if (!done) co_return reply{.status = 409, .body = done.error() + "\n"};
    co_return reply{.body = state == "out" ? "out of service\n" : "in service\n"};
}

}  // namespace lode::frontend
