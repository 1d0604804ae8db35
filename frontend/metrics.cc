#include "frontend/metrics.h"

#include <array>
#include <memory>
#include <span>
#include <string_view>

#include "engine/base/counters.h"
#include "frontend/cluster_metrics.h"
#include "frontend/http/cache_word.h"
#include "frontend/process_metrics.h"

namespace lode::frontend {
namespace {

using kind = metrics_page::kind;

// The sum of one counter over all cores.
template <class Pick>
std::uint64_t sum(std::span<serving* const> cores, Pick pick) {
    std::uint64_t total = 0;
    for (const serving* s : cores) {
        if (s != nullptr) total += pick(*s).value();
    }
    return total;
}

template <class Pick>
void add_histogram(metrics_page& page, std::span<serving* const> cores, std::string_view family,
                   std::string_view help, Pick pick) {
    const auto merged = std::make_unique<histogram>();
    for (const serving* s : cores) {
        if (s != nullptr) merged->merge(pick(*s));
    }
    page.add_seconds(family, help, *merged);
}

constexpr std::array<cache_word, cache_words> all_words = {cache_word::hit, cache_word::filling,
                                                           cache_word::miss, cache_word::bypass};

void describe_requests(metrics_page& page, std::span<serving* const> cores) {
    static constexpr std::array<std::string_view, 6> classes = {"none", "1xx", "2xx",
                                                                "3xx",  "4xx", "5xx"};
    for (std::size_t c = 0; c < classes.size(); ++c) {
        page.add(kind::counter, "lode_requests_total", "Requests answered, by class of status",
                 sum(cores, [c](const serving& s) -> auto& { return s.requests.by_class[c]; }),
                 {{"status", classes[c]}});
    }
    for (const cache_word w : all_words) {
        const auto i = static_cast<std::size_t>(w);
        page.add(kind::counter, "lode_object_reads_total", "GETs of objects, by cache word",
                 sum(cores, [i](const serving& s) -> auto& { return s.requests.by_cache[i]; }),
                 {{"cache", name_of(w)}});
    }
    for (const cache_word w : all_words) {
        const auto i = static_cast<std::size_t>(w);
        page.add(
            kind::counter, "lode_object_read_bytes_total",
            "Body bytes of GETs of objects, by cache word",
            sum(cores, [i](const serving& s) -> auto& { return s.requests.bytes_by_cache[i]; }),
            {{"cache", name_of(w)}});
    }
    const auto add = [&](std::string_view family, std::string_view help, auto pick) {
        page.add(kind::counter, family, help, sum(cores, pick));
    };
    add("lode_gets_total", "GETs of objects",
        [](const serving& s) -> auto& { return s.requests.gets; });
    add("lode_range_gets_total", "GETs of a range of an object",
        [](const serving& s) -> auto& { return s.requests.ranges; });
    add("lode_passed_through_total", "Requests passed through to the origin",
        [](const serving& s) -> auto& { return s.requests.passed; });
    add("lode_received_bytes_total", "Body bytes received from clients",
        [](const serving& s) -> auto& { return s.requests.bytes_in; });
    add("lode_sent_bytes_total", "Body bytes sent to clients",
        [](const serving& s) -> auto& { return s.requests.bytes_out; });
    add("lode_refused_requests_total", "Requests whose head could not be read",
        [](const serving& s) -> auto& { return s.requests.refused; });
    add("lode_turned_away_requests_total",
        "Requests over limits.requests, answered with 503 SlowDown at once",
        [](const serving& s) -> auto& { return s.requests.turned_away; });
    add("lode_broken_responses_total", "Responses that could not be finished",
        [](const serving& s) -> auto& { return s.requests.broken_off; });
    add("lode_sealed_chunks_opened_total", "Chunks opened with a customer's key",
        [](const serving& s) -> auto& { return s.sealed.opened; });
    add("lode_sealed_chunks_damaged_total", "Chunks that a customer's key did not open",
        [](const serving& s) -> auto& { return s.sealed.damaged; });
    add("lode_sealed_no_memory_total",
        "GETs that went to the origin because no memory was left to open chunks in",
        [](const serving& s) -> auto& { return s.sealed.no_memory; });
    add("lode_access_log_dropped_total", "Access-log lines dropped",
        [](const serving& s) -> auto& { return s.log.dropped(); });
    page.add(kind::gauge, "lode_requests_in_flight", "Requests being answered now",
             sum(cores, [](const serving& s) -> auto& { return s.requests.in_flight; }));
    add_histogram(page, cores, "lode_request_seconds", "Time from a request's head to its end",
                  [](const serving& s) -> auto& { return s.requests.total_ns; });
    add_histogram(page, cores, "lode_first_byte_seconds",
                  "Time from a request's head to the response's head",
                  [](const serving& s) -> auto& { return s.requests.first_byte_ns; });
    add_histogram(page, cores, "lode_origin_seconds", "Time spent waiting for the origin's heads",
                  [](const serving& s) -> auto& { return s.requests.origin_ns; });
}

void describe_connections(metrics_page& page, std::span<serving* const> cores) {
    page.add(kind::counter, "lode_connections_total", "Client connections accepted",
             sum(cores, [](const serving& s) -> auto& { return s.connections.accepted; }));
    page.add(kind::counter, "lode_connections_refused_total", "Client connections over the limit",
             sum(cores, [](const serving& s) -> auto& { return s.connections.refused; }));
    page.add(kind::gauge, "lode_connections", "Client connections now",
             sum(cores, [](const serving& s) -> auto& { return s.connections.open; }));
}

void describe_origin(metrics_page& page, std::span<serving* const> cores) {
    const auto answers = [&](std::string_view what, auto pick) {
        page.add(kind::counter, "lode_gateway_answers_total",
                 "What the gateway said to GETs of objects", sum(cores, pick), {{"answer", what}});
    };
    answers("unchanged", [](const serving& s) -> auto& { return s.gateway.stats().revalidated; });
    answers("learned", [](const serving& s) -> auto& { return s.gateway.stats().learned; });
    answers("touched", [](const serving& s) -> auto& { return s.gateway.stats().touched; });
    answers("relayed", [](const serving& s) -> auto& { return s.gateway.stats().relayed; });
    answers("failed", [](const serving& s) -> auto& { return s.gateway.stats().failed; });
    answers("described", [](const serving& s) -> auto& { return s.gateway.stats().described; });
    answers("shared", [](const serving& s) -> auto& { return s.gateway.stats().shared; });
    answers("recent", [](const serving& s) -> auto& { return s.gateway.stats().recent; });

    const auto events = [&](std::string_view what, auto pick) {
        page.add(kind::counter, "lode_origin_connections_total", "Connections to the origin",
                 sum(cores, pick), {{"event", what}});
    };
    events("opened", [](const serving& s) -> auto& { return s.pool.stats().opened; });
    events("reused", [](const serving& s) -> auto& { return s.pool.stats().reused; });
    events("failed", [](const serving& s) -> auto& { return s.pool.stats().failed; });
    events("stale", [](const serving& s) -> auto& { return s.pool.stats().stale; });
    events("expired", [](const serving& s) -> auto& { return s.pool.stats().expired; });
    events("waited", [](const serving& s) -> auto& { return s.pool.stats().waited; });
    events("overloaded", [](const serving& s) -> auto& { return s.pool.stats().overloaded; });
    const auto fetches = [&](std::string_view family, std::string_view help, auto pick) {
        page.add(kind::counter, family, help, sum(cores, pick));
    };
    fetches("lode_origin_fetches_total", "Requests for bytes of parts",
            [](const serving& s) -> auto& { return s.data.fetches().requests; });
    fetches("lode_origin_fetch_retries_total", "Requests for bytes that repeat one that failed",
            [](const serving& s) -> auto& { return s.data.fetches().retries; });
    fetches("lode_origin_fetch_resumes_total", "Retries that go on at a byte in the middle",
            [](const serving& s) -> auto& { return s.data.fetches().resumes; });
    fetches("lode_origin_fetches_given_up_total", "Fetches that failed for good",
            [](const serving& s) -> auto& { return s.data.fetches().given_up; });
    page.add(kind::gauge, "lode_origin_cut_off",
             "1: this node has no way to the origin, and peers fetch what it lacks",
             cores.front() != nullptr && cores.front()->way.cut_off() ? 1 : 0);
    page.add(kind::gauge, "lode_origin_connections", "Connections to the origin now",
             sum(cores, [](const serving& s) -> auto& { return s.pool.stats().in_use; }),
             {{"state", "in_use"}});
    page.add(kind::gauge, "lode_origin_connections", "Connections to the origin now",
             sum(cores, [](const serving& s) -> auto& { return s.pool.stats().idle; }),
             {{"state", "idle"}});
}

void describe_prestaging(metrics_page& page, std::span<serving* const> cores) {
    const auto objects = [&](std::string_view outcome, auto pick) {
        page.add(kind::counter, "lode_prestaged_objects_total", "Objects to be brought in ahead",
                 sum(cores, pick), {{"outcome", outcome}});
    };
    objects("asked", [](const serving& s) -> auto& { return s.prestages.stats().asked; });
    objects("refused", [](const serving& s) -> auto& { return s.prestages.stats().refused; });
    objects("complete", [](const serving& s) -> auto& { return s.prestages.stats().complete; });
    objects("failed", [](const serving& s) -> auto& { return s.prestages.stats().failed; });
}

// One place that has objects' bytes, over all cores: a backend, or what stands for several.
template <class Pick>
void describe_places(metrics_page& page, std::span<serving* const> cores,
                     std::span<const std::string> backends, std::string_view family,
                     std::string_view help, Pick pick) {
    for (std::size_t i = 0; i < backends.size(); ++i) {
        page.add(kind::counter, family, help,
                 sum(cores, [&](const serving& s) -> auto& { return pick(s.data.backend(i)); }),
                 {{"backend", backends[i]}});
    }
    page.add(kind::counter, family, help,
             sum(cores, [&](const serving& s) -> auto& { return pick(s.data.pointed()); }),
             {{"backend", "pointed at"}});
    page.add(kind::counter, family, help,
             sum(cores, [&](const serving& s) -> auto& { return pick(s.data.gateway()); }),
             {{"backend", "gateway"}});
}

void describe_backends(metrics_page& page, std::span<serving* const> cores,
                       std::span<const std::string> backends) {
    using origin::backend_counters;
    const auto describe = [&](std::string_view family, std::string_view help, auto what) {
        describe_places(page, cores, backends, family, help,
                        [what](const backend_counters& c) -> auto& { return c.*what; });
    };
    describe("lode_backend_requests_total", "Reads of objects' bytes, by where they were sent",
             &backend_counters::requests);
    describe("lode_backend_bytes_total", "Body bytes of complete answers to them",
             &backend_counters::bytes);
    describe("lode_backend_failures_total", "Those refused, broken off or not answered in time",
             &backend_counters::failures);
    describe("lode_backend_disagreements_total",
             "Answers that contradicted the gateway about the object",
             &backend_counters::disagreed);
    for (std::size_t i = 0; i < backends.size(); ++i) {
        bool everywhere = true;
        for (const serving* s : cores) {
            if (s != nullptr && s->data.backend(i).up.value() == 0) everywhere = false;
        }
        page.add(kind::gauge, "lode_backend_in_service", "1 while every core uses the backend",
                 everywhere ? 1 : 0, {{"backend", backends[i]}});
    }
    page.add(kind::gauge, "lode_backend_hosts", "Servers that the gateway has pointed at, by core",
             sum(cores, [](const serving& s) -> auto& { return s.data.hosts(); }));
}

void describe_access(metrics_page& page, std::span<serving* const> cores, auth_mode mode,
                     const access::key_watch* keys) {
    constexpr std::array<std::string_view, 3> modes = {"gateway", "local", "trust"};
    page.add(kind::gauge, "lode_auth_mode", "Who authenticates clients", 1,
             {{"mode", modes[static_cast<std::size_t>(mode)]}});
    if (mode == auth_mode::gateway) return;
    for (std::size_t v = 0; v < access::verdicts; ++v) {
        page.add(
            kind::counter, "lode_admissions_total", "Requests, by what came of their admission",
            sum(cores, [v](const serving& s) -> auto& { return s.gate.stats().by_verdict[v]; }),
            {{"outcome", access::name_of(static_cast<access::verdict>(v))}});
    }
    page.add(kind::counter, "lode_uploads_refused_total",
             "Uploads broken off because a chunk's signature, framing or length was wrong",
             sum(cores, [](const serving& s) -> auto& { return s.gate.stats().bodies_refused; }));
    if (keys == nullptr) return;
    page.add(kind::gauge, "lode_access_keys", "Keys of clients in use", keys->keys());
    page.add(kind::gauge, "lode_key_file_current", "1: the key file on disk is the one in use",
             keys->current() ? 1 : 0);
    page.add(kind::counter, "lode_key_file_reads_total", "New contents of the key file",
             keys->accepted().value(), {{"outcome", "accepted"}});
    page.add(kind::counter, "lode_key_file_reads_total", "New contents of the key file",
             keys->refused().value(), {{"outcome", "refused"}});
}

}  // namespace

std::string describe_node(const node_context& node, const access::key_watch* keys,
                          const cluster_report* nodes, time_point started) {
    const std::span<serving* const> cores = node.servings;
    metrics_page page;
    page.add(kind::gauge, "lode_info", "Which node this is", 1,
             {{"node", node.settings.node.name}, {"version", LODE_VERSION}});
    page.add(
        kind::gauge, "lode_uptime_seconds", "Seconds since the start",
        static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::seconds>(engine::now() - started).count()));
    page.add(kind::gauge, "lode_cores", "Cores that serve", cores.size());
    describe_requests(page, cores);
    describe_connections(page, cores);
    describe_origin(page, cores);
    describe_prestaging(page, cores);
    describe_backends(page, cores, node.settings.origin.backends);
    describe_access(page, cores, node.settings.auth.mode, keys);
    if (nodes != nullptr) describe_cluster(page, cores, *nodes);
    node.store.describe(page);
    return page.text() + describe_process();
}

}  // namespace lode::frontend
