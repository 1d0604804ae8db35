// frontend/serving.h
//
// Everything that one core needs to serve clients, and what it counts. Made at start, one per core;
// requests take it by reference.
//
//   Core      One. `node` is shared and only read.
//   Lifetime  Outlives every connection of its core.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/counters.h"
#include "engine/base/histogram.h"
#include "engine/runtime/scope.h"
#include "engine/store/part_store.h"
#include "frontend/access/gate.h"
#include "frontend/access_log.h"
#include "frontend/http/cache_word.h"
#include "frontend/http/connection_pool.h"
#include "frontend/http/relay_buffers.h"
#include "frontend/origin/data_path.h"
#include "frontend/origin/gateway.h"
#include "frontend/origin/part_fetch.h"
#include "frontend/origin/reachability.h"
#include "frontend/prestage.h"
#include "frontend/sealing/plaintext_buffers.h"
#include "frontend/settings.h"

namespace lode::frontend {

struct serving;
struct clustering;
class known_requests;

// What all cores share: read-only after start, but for the store, which takes care of itself.
struct node_context {
    const frontend::settings& settings;
    engine::part_store& store;
    std::string cache_name;  // as in Cache-Status: a quoted string
    std::string gateway_authority;
    origin::links_by_core links;
    origin::gateway::by_core gateways;
    http::limits limits;
    std::vector<serving*> servings{};  // by core number; null until that core has started
    origin::reachability::by_core ways{};
};

struct request_counters {
    std::array<counter, 6> by_class;            // status / 100; 0: no answer
    std::array<counter, cache_words> by_cache;  // accelerated GETs only, and what they would be
    std::array<counter, cache_words> bytes_by_cache;
    counter gets;         // GET of an object
    counter ranges;       // of those, with a range
    counter passed;       // passed through
    counter bytes_in;     // request bodies
    counter bytes_out;    // response bodies
    counter refused;      // answered by ourselves because the request cannot be read
    counter in_flight;    // now
    counter turned_away;  // over the limit: 503, and nothing was asked of anybody
    counter broken_off;   // responses that could not be finished
    histogram total_ns;
    histogram first_byte_ns;
    histogram origin_ns;
};

// Objects that are kept under a customer's key.
struct sealed_counters {
    counter opened;   // chunks
    counter damaged;  // chunks that did not open, and were forgotten with their parts
    counter
        no_memory;  // requests that went to the origin because nothing was left to open chunks in
};

struct connection_counters {
    counter accepted;
    counter refused;  // over the limit: 503 and closed
    counter open;     // now
};

struct serving {
    serving(const node_context& n, std::unique_ptr<http::dialer> dialer,
            std::unique_ptr<s3::signer> own_identity, std::shared_ptr<access_log_file> log_file,
            origin::dialer_maker dial_backend = nullptr,
            std::unique_ptr<http::dialer> calls = nullptr);
    ~serving();

    const node_context& node;
    http::connection_pool pool;
    origin::reachability way;  // to the origin
    origin::origin_link link;
    std::unique_ptr<s3::signer> identity;  // lode's own; null: clients' signatures only
    origin::data_path data;
    origin::gateway gateway;
    prestaging prestages;
    access::gate gate;
    std::unique_ptr<known_requests> known;  // null: requests go on as they come
    http::relay_buffers buffers;
    sealing::plaintext_buffers plaintext;
    access_log log;
    request_counters requests;
    sealed_counters sealed;
    connection_counters connections;
    std::unique_ptr<clustering> cluster;  // null: this node is alone
    const std::uint64_t requests_max;     // in flight on this core
    bool stopping = false;

    // Fails whatever waits for the origin, for a shutdown that must not take longer.
    void abort_exchanges();

    // "3F2A...": unique on this node, for x-amz-request-id and the log. Reuses `out`.
    void next_request_id(std::string& out);

  private:
    std::uint64_t request_seed_;
    std::uint64_t request_count_ = 0;
};

}  // namespace lode::frontend
