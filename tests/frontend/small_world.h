// tests/frontend/small_world.h
//
// lode's frontend without a kernel: the production connection, gateway, pool and store (memory only) over
// simulated streams, with an origin of a few lines that keeps objects in a map, honours conditions and
// ranges, writes down what it was asked, and misbehaves when told.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/runtime/simulation.h"
#include "engine/store/part_store.h"
#include "frontend/serving.h"

namespace lode::frontend {

struct stored_object {
    std::string body;
    std::string etag = "\"v1\"";
    std::string modified = "Sun, 06 Nov 1994 08:49:37 GMT";
    std::string metadata;                 // further header lines
    std::vector<std::size_t> parts = {};  // lengths; none: the origin does not answer part numbers
    std::string checksum = {};  // a line that is sent with whole answers to those who want it
    // MD5 of the customer's key without which no byte is given out. As at radosgw, conditions come first:
    // who asks with the right ETag gets a 304 without a key.
    std::string customer_key_md5 = {};
};

struct origin_request {
    std::string place;  // which server was asked: "origin" for the gateway, else its authority
    std::string method;
    std::string target;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    unsigned status = 0;       // what it answered
    std::size_t body_out = 0;  // with how many bytes of body

    [[nodiscard]] std::string header(std::string_view name) const;

    // Whether it is a fetch: the question about the version has been answered before.
    [[nodiscard]] bool is_fetch() const { return !header("if-match").empty(); }
};

inline const s3::credentials own_identity{.access_key = "LODESOWNKEY",
                                          .secret_key = "lodes-own-secret"};

class small_world {
  public:
    // With an identity lode may ask the origin on its own behalf. `fills_max`: of the store.
    explicit small_world(std::uint64_t seed = 1, settings s = {},
                         std::optional<s3::credentials> identity = {},
                         std::uint32_t fills_max = 1024);
    ~small_world();

    // Objects by target ("/bucket/key").
    std::map<std::string, stored_object> objects;
    // What the origin was asked, in order.
    std::vector<origin_request> asked;
    // Where set, and where it returns something, this is the raw answer.
    std::function<std::optional<std::string>(const origin_request&)> instead;
    // The origin closes the connection after this many bytes of a body.
    std::optional<std::size_t> break_body_after;
    bool reachable = true;
    // It keeps finer times than it tells, so that nothing is unmodified since the second that it told.
    bool keeps_fractions = false;
    // Other servers that cannot be reached, by authority; and every attempt to reach one. All of them
    // have the origin's objects.
    std::set<std::string> unreachable;
    std::vector<std::string> dialled;
    // Whether the origin says 100 Continue; else it answers on the head alone.
    bool invites = true;
    // How long it thinks before it answers, and how much longer about a fetch.
    duration thinks{0};
    duration fetch_thinks{0};

    // Sends raw bytes as one client on one connection, and returns everything that came back until the
    // server closed. The client closes its sending side after its bytes.
    std::string talk(std::string bytes);

    // A request without a body and with extra header lines ("Range: bytes=0-1\r\n"); the whole answer.
    std::string ask(std::string_view method, std::string_view target, std::string_view lines = {});
    std::string get(std::string_view target, std::string_view lines = {});

    // Several clients at the same time; their answers in order.
    std::vector<std::string> talk_all(std::vector<std::string> requests);

    // Runs something else in this world, to its end.
    void run(engine::task<void> work);

    void drop_memory();
    // What goes on in the background comes to its end.
    void rest(duration time = std::chrono::minutes(1));
    // Time passes.
    void pass(duration amount);
    [[nodiscard]] frontend::serving& serving();

  private:
    class dialer;
    struct parts;

    std::string answer_of(origin_request& request, std::span<const http::header> headers,
                          bool& keep);

    std::unique_ptr<parts> parts_;
};

// Of a raw answer.
[[nodiscard]] unsigned status_of(std::string_view answer);
[[nodiscard]] std::string header_of(std::string_view answer, std::string_view name);
[[nodiscard]] std::string body_of(std::string_view answer);

// Bytes that fetches brought, and those that came from the origin in all.
[[nodiscard]] std::size_t bytes_fetched(const small_world& world);
[[nodiscard]] std::size_t bytes_from_origin(const small_world& world);

// Deterministic content.
[[nodiscard]] std::string content(std::size_t length, std::uint64_t seed = 1);

}  // namespace lode::frontend
