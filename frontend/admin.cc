#include "frontend/admin.h"

#include <array>
#include <charconv>
#include <utility>

#include "frontend/http/head_writer.h"
#include "frontend/http/message_reader.h"
#include "frontend/locate.h"
#include "frontend/metrics.h"
#include "frontend/s3/percent.h"
#include "frontend/s3/query.h"

namespace lode::frontend {
namespace {

constexpr int connections_max = 64;
constexpr duration patience = std::chrono::seconds(5);
constexpr duration patience_with_devices = std::chrono::minutes(2);
constexpr std::uint32_t locate_wait_max = 60;  // seconds
constexpr http::limits head_limits{.head = bytes(8192), .uri = bytes(2048)};

}  // namespace

admin::admin(const node_context& node, const access::key_watch* keys)
    : node_(node), cores_(node.servings), keys_(keys), started_(engine::now()) {}

engine::task<void> admin::serve(std::unique_ptr<engine::stream> stream) {
    if (open_ >= connections_max) co_return co_await stream->close();
    ++open_;
    http::message_reader reader(*stream, head_limits);
    stream->expire_at(engine::now() + patience);
    if (auto request = co_await reader.read_request()) {
        const bool bodiless = request->method == "HEAD";
        stream->expire_at(engine::now() + patience_with_devices);
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
    const bool reads = head.method == "GET" || head.method == "HEAD";
    const std::string_view path = head.target.substr(0, head.target.find('?'));
    if (path == "/healthz" && reads) co_return reply{.body = "alive\n"};
    if (path == "/readyz" && reads) {
        if (ready_) co_return reply{.body = "ready\n"};
        co_return reply{.status = 503, .body = "not ready\n"};
    }
    if (path == "/metrics" && reads) {
        co_return reply{.type = "text/plain; version=0.0.4; charset=utf-8",
                        .body = describe_node(node_, keys_, started_)};
    }
    if (head.target == "/drop?tier=memory" && head.method == "POST") {
        co_await node_.store.drop_memory();
        co_return reply{.body = "dropped\n"};
    }
    if (path == "/device" && head.method == "POST") {
        co_return co_await change_device(std::string(head.target));
    }
    if (path == "/locate" && reads) co_return co_await find_object(std::string(head.target));
    co_return reply{.status = 404,
                    .body =
                        "There is GET /metrics, /healthz, /readyz, "
                        "/locate?bucket=BUCKET&key=KEY[&wait=SECONDS][&as=json], "
                        "POST /drop?tier=memory and POST /device?path=PATH&state=out|in.\n"};
}

engine::task<admin::reply> admin::change_device(std::string target) {
    std::string device;
    std::string_view state;
    for (const s3::query_parameter& p :
         s3::query(std::string_view(target).substr(target.find('?') + 1))) {
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

engine::task<admin::reply> admin::find_object(std::string target) {
    const std::string_view query = std::string_view(target).substr(target.find('?') + 1);
    const auto text = [&](std::string_view name) {
        return s3::find_parameter(query, name).value_or(std::nullopt).value_or("");
    };
    const std::string seconds = text("wait");
    std::uint32_t wait = 0;
    const char* end = seconds.data() + seconds.size();
    const bool read = seconds.empty() || std::from_chars(seconds.data(), end, wait).ptr == end;
    origin::object_name name{
        .scope = {}, .bucket = text("bucket"), .key = text("key"), .version_id = text("versionId")};
    if (!read || wait > locate_wait_max || name.bucket.empty() || name.key.empty()) {
        co_return reply{.status = 400,
                        .body = "A bucket and a key are needed, and at most a minute to wait.\n"};
    }
    serving& here = *cores_.front();
    if (here.identity == nullptr) {
        co_return reply{.status = 409,
                        .body = "lode has no credentials of its own to ask the origin with.\n"};
    }
    const time_point until = engine::now() + std::chrono::seconds(wait);
    const auto found = co_await locate(here, std::move(name), until);
    if (!found) co_return reply{.status = 404, .body = "The origin shows no such object.\n"};
    const unsigned status = found->being_filled() ? 202 : 200;
    if (text("as") == "json") {
        co_return reply{
            .status = status, .type = "application/json", .body = print_located_json(*found)};
    }
    co_return reply{.status = status, .body = print_located(*found)};
}

}  // namespace lode::frontend
