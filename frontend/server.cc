#include "frontend/server.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "engine/base/log.h"
#include "engine/runtime/core.h"
#include "engine/runtime/operations.h"
#include "engine/runtime/remote.h"
#include "engine/runtime/socket.h"
#include "frontend/access/key_file.h"
#include "frontend/access/key_watch.h"
#include "frontend/admin.h"
#include "frontend/cache_status.h"
#include "frontend/cluster_node.h"
#include "frontend/connection.h"
#include "frontend/core_server.h"
#include "frontend/front_door.h"
#include "frontend/http/dialer.h"
#include "frontend/origin/resolving_dialer.h"
#include "frontend/serving.h"

namespace lode::frontend {
namespace {

using outcome = std::expected<void, std::string>;

template <class... Args>
std::unexpected<std::string> problem(fmt::format_string<Args...> format, Args&&... args) {
    return std::unexpected(fmt::format(format, std::forward<Args>(args)...));
}

// Start-up and shutdown only: waits until every core has come this far.
class barrier {
  public:
    explicit barrier(std::size_t cores) : cores_(cores) {}
    engine::task<void> arrive() {
        arrived_.fetch_add(1);
        while (arrived_.load() < cores_) co_await engine::sleep_for(std::chrono::milliseconds(1));
    }

  private:
    std::size_t cores_;
    std::atomic<std::size_t> arrived_{0};
};

engine::store_options store_options_of(const settings& s, std::size_t cores) {
    engine::store_options o;
    o.memory = s.node.memory;
    o.cores = cores;
    o.node = s.node.name;
    o.flush_delay = s.cache.flush_delay;
    o.device_health.errors_max = s.cache.device_errors;
    o.device_health.stall_after = s.cache.device_stall;
    o.scrub_rate = s.cache.scrub_rate;
    o.fetch_size = s.origin.fetch_size;
    o.fetch_parallel = s.origin.fetch_parallel;
    o.background_rate = s.origin.background_rate;
    o.parts_max = s.cache.parts;
    if (s.cache.admission == admission_kind::second_hit) {
        o.admission = engine::store_options::admission_rule::second_hit;
    }
    for (const device_settings& d : s.cache.devices) {
        o.devices.push_back({.path = d.path,
                             .size = d.size,
                             .write_limit = d.write_limit,
                             .completion = d.completion});
    }
    return o;
}

// SIGTERM and SIGINT become something to read; whoever starts threads afterwards passes that on.
result<int> open_signals() {
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGINT);
    pthread_sigmask(SIG_BLOCK, &wanted, nullptr);
    (void)signal(SIGPIPE, SIG_IGN);
    const int fd = signalfd(-1, &wanted, SFD_CLOEXEC);
    if (fd < 0) return fail_errno(errno);
    return fd;
}

}  // namespace

class server::node {
  public:
    node(settings s, std::optional<s3::credentials> identity,
         std::unique_ptr<cluster::membership> nodes)
        : settings_(std::move(s)),
          identity_(std::move(identity)),
          nodes_(std::move(nodes)),
          group_({.cores = settings_.node.cores}),
          core_servers_(group_.size()),
          all_started_(group_.size()),
          all_answered_(group_.size()),
          all_drained_(group_.size()),
          all_stopped_(group_.size()) {}
    ~node() {
        if (signals_ >= 0) ::close(signals_);
    }
    node(const node&) = delete;
    node& operator=(const node&) = delete;

    outcome open() {
        const auto signals = open_signals();
        if (!signals) return problem("signals: {}", describe(signals.error()));
        signals_ = *signals;
        if (auto ready = open_gateway(); !ready) return ready;
        if (auto ready = open_access(); !ready) return ready;

        auto clients = listen_at("listen.s3", settings_.listen.s3);
        if (!clients) return std::unexpected(clients.error());
        clients_.emplace(std::move(*clients));
        auto operators = listen_at("listen.admin", settings_.listen.admin);
        if (!operators) return std::unexpected(operators.error());
        operators_.emplace(std::move(*operators));

        auto log_file = access_log_file::open(settings_.log.access);
        if (!log_file) {
            return problem("log.access: cannot open {}: {}", settings_.log.access,
                           describe(log_file.error()));
        }
        log_file_ = std::move(*log_file);

        auto store = engine::part_store::open(store_options_of(settings_, group_.size()));
        if (!store) return std::unexpected(store.error());
        store_ = std::move(*store);
        for (const std::string& line : store_->summary()) log::info("{}", line);
        make_context();
        return open_cluster();
    }

    outcome run() {
        auto started = group_.start([this](core_id self) { return core_main(self); });
        if (!started) {
            return problem("io_uring cannot be set up ({}); `lode check` says what is missing",
                           describe(started.error()));
        }
        group_.join();
        if (failed_.load()) return problem("the cache could not be started; the log says why");
        return {};
    }

  private:
    outcome open_gateway() {
        const auto parsed = http::endpoint::parse(settings_.origin.gateway);
        if (!parsed) {
            return problem("origin.gateway: expected a URL such as \"http://10.0.0.1:8000\"");
        }
        gateway_ = *parsed;
        // The gateway may point at https whatever it speaks itself.
        auto made = engine::tls_context::for_client(settings_.origin.ca_file);
        if (!made) {
            if (needs_tls()) {
                return problem("origin.ca_file: no certificate can be read from \"{}\"",
                               settings_.origin.ca_file);
            }
        } else {
            tls_.emplace(std::move(*made));
        }
        auto found = engine::socket_address::resolve(gateway_.host, gateway_.port);
        if (!found || found->empty()) {
            return problem("origin.gateway: the name {} has no address", gateway_.host);
        }
        gateway_addresses_ = std::move(*found);
        return {};
    }

    bool needs_tls() const {
        const auto is_https = [](const std::string& url) {
            const auto where = http::endpoint::parse(url);
            return where && where->scheme == http::scheme::https;
        };
        return is_https(settings_.origin.gateway) || !settings_.origin.ca_file.empty() ||
               std::ranges::any_of(settings_.origin.backends, is_https);
    }

    // Who may use lode's own rights at the gateway.
    outcome open_access() {
        const auth_settings& auth = settings_.auth;
        if (auth.mode == auth_mode::gateway) return {};
        if (!identity_) {
            return problem("auth.mode: lode needs origin.credentials to ask in its own name");
        }
        if (auth.mode == auth_mode::trust) {
            log::warning(
                "auth.mode is \"trust\": clients are NOT authenticated; whoever reaches {} "
                "may use all of lode's rights at the gateway",
                settings_.listen.s3);
            return {};
        }
        auto keys = access::load_key_file(auth.keys);
        if (!keys) return problem("auth.keys: {}", access::first_of(keys.error(), auth.keys));
        keys_ = std::move(*keys);
        log::info("auth.keys: {} has {} keys of clients", auth.keys, keys_->size());
        return {};
    }

    void make_context() {
        const limit_settings& l = settings_.limits;
        context_ = std::make_unique<node_context>(
            node_context{.settings = settings_,
                         .store = *store_,
                         .cache_name = cache_name_of(settings_.node.name),
                         .gateway_authority = gateway_.authority(),
                         .links = origin::links_by_core(group_.size()),
                         .gateways = origin::gateway::by_core(group_.size()),
                         .limits = {.head = l.head, .uri = l.uri, .headers = l.headers},
                         .servings = std::vector<serving*>(group_.size()),
                         .ways = origin::reachability::by_core(group_.size())});
    }

    outcome open_cluster() {
        if (nodes_ == nullptr) return {};
        if (!identity_) {
            return problem(
                "cluster.membership: nodes fetch for each other in lode's own name, for "
                "which it needs origin.credentials");
        }
        auto opened = cluster_node::open(settings_, *context_, std::move(nodes_));
        if (!opened) return std::unexpected(opened.error());
        cluster_ = std::move(*opened);
        return {};
    }

    // Only peers need to know whether this node has a way to the origin.
    std::unique_ptr<http::dialer> make_caller(core_id self) {
        if (cluster_ == nullptr || self != core_id(0)) return nullptr;
        http::endpoint plain = gateway_;
        plain.scheme = http::scheme::http;
        return std::make_unique<http::network_dialer>(plain, gateway_addresses_, nullptr,
                                                      http::network_dialer::news::silent);
    }

    std::unique_ptr<serving> make_serving(core_id self) {
        auto signer =
            identity_ ? std::make_unique<s3::signer>(*identity_, settings_.origin.region) : nullptr;
        auto dialer = std::make_unique<http::network_dialer>(gateway_, gateway_addresses_,
                                                             tls_ ? &*tls_ : nullptr);
        const engine::tls_context* tls = tls_ ? &*tls_ : nullptr;
        auto dial_backend = [tls](const http::endpoint& where) -> std::unique_ptr<http::dialer> {
            if (where.scheme == http::scheme::https && tls == nullptr) return nullptr;
            return std::make_unique<origin::resolving_dialer>(where, tls);
        };
        auto made =
            std::make_unique<serving>(*context_, std::move(dialer), std::move(signer), log_file_,
                                      std::move(dial_backend), make_caller(self));
        made->gate.use(keys_);
        return made;
    }

    // The life of a core. The barriers make sure that nobody sends a message to a core that is not there
    // yet, or not any more.
    engine::task<void> core_main(core_id self) {
        const std::size_t me = self.value();
        if (auto started = co_await store_->start(self); !started) {
            log::failure("core {}: the store cannot start: {}", me, describe(started.error()));
            failed_.store(true);
        }
        const auto here = make_serving(self);
        core_server<connection> connections(*here);
        context_->servings[me] = here.get();
        core_servers_[me] = &connections;
        context_->links[me] = &here->data;
        context_->gateways[me] = &here->gateway;
        context_->ways[me] = &here->way;
        if (cluster_ != nullptr) cluster_->equip(*here, me);
        co_await all_started_.arrive();

        here->data.start(context_->links, me);
        here->way.start(context_->ways, me);
        if (cluster_ != nullptr) cluster_->start(*here, me);
        if (failed_.load()) {
            connections.begin_stop();
            if (cluster_ != nullptr) cluster_->give_up(me);
        } else if (me == 0) {
            co_await lead();
        } else {
            co_await connections.wait_for_stop();
        }

        const time_point until = engine::now() + settings_.limits.shutdown_timeout;
        co_await connections.finish(until);
        if (cluster_ != nullptr) co_await cluster_->finish(me, until);
        // Clients of other cores may have waited for what is fetched here. What is still fetched now, nobody
        // waits for, however long it takes.
        co_await all_answered_.arrive();
        co_await here->prestages.stop();
        if (here->cluster != nullptr) co_await here->cluster->peers.close();
        here->data.abort();
        here->pool.abort();
        co_await here->way.close();
        co_await here->data.close();
        co_await here->pool.close();
        co_await here->log.close();
        co_await all_drained_.arrive();
        co_await store_->stop(self);
        co_await all_stopped_.arrive();
    }

    // Core 0: the ports, until a signal comes.
    engine::task<void> lead() {
        std::optional<access::key_watch> keys;
        if (keys_ != nullptr) keys.emplace(settings_.auth.keys, gates());
        admin operators_page(*context_, keys ? &*keys : nullptr,
                             cluster_ != nullptr ? &cluster_->who() : nullptr);
        front_door door(*clients_, {core_servers_.begin(), core_servers_.end()},
                        settings_.limits.connections);
        engine::scope doors;
        engine::scope operators;
        doors.spawn(door.run());
        doors.spawn(serve_operators(operators_page, operators));
        if (keys) doors.spawn(keys->run());
        if (cluster_ != nullptr) doors.spawn(cluster_->lead());
        operators_page.set_ready(true);
        log::info("lode {} serves {} on {} with {} cores; admin on {}", LODE_VERSION,
                  gateway_.url(), clients_->local().text(), group_.size(),
                  operators_->local().text());

        signalfd_siginfo what{};
        (void)co_await engine::read_at(signals_, std::as_writable_bytes(std::span(&what, 1)), 0);
        log::info("stopping: finishing the requests in progress");

        operators_page.set_ready(false);
        clients_->stop();
        operators_->stop();
        if (keys) keys->stop();
        if (cluster_ != nullptr) co_await cluster_->stop();
        co_await doors.close();
        for (std::size_t core = 0; core < core_servers_.size(); ++core) {
            core_server<connection>* there = core_servers_[core];
            co_await engine::on_core(core_id(static_cast<std::uint16_t>(core)),
                                     [there] { there->begin_stop(); });
        }
        co_await operators.close();
    }

    std::vector<access::gate*> gates() {
        std::vector<access::gate*> all;
        all.reserve(context_->servings.size());
        for (serving* here : context_->servings) all.push_back(&here->gate);
        return all;
    }

    engine::task<void> serve_operators(admin& page, engine::scope& connections) {
        for (;;) {
            auto accepted = co_await operators_->accept();
            if (accepted) {
                connections.spawn(
                    page.serve(std::make_unique<engine::tcp_socket>(accepted->fd, accepted->peer)));
            } else if (accepted.error().code == errc::cancelled) {
                co_return;
            } else {
                co_await engine::sleep_for(std::chrono::milliseconds(100));
            }
        }
    }

    settings settings_;
    std::optional<s3::credentials> identity_;
    std::unique_ptr<cluster::membership> nodes_;  // until there is a cluster_
    engine::core_group group_;

    int signals_ = -1;
    http::endpoint gateway_;
    std::vector<engine::socket_address> gateway_addresses_;
    std::optional<engine::tls_context> tls_;
    std::optional<engine::tcp_listener> clients_;
    std::optional<engine::tcp_listener> operators_;
    std::shared_ptr<const access::key_ring> keys_;  // as they were at the start
    std::shared_ptr<access_log_file> log_file_;
    std::unique_ptr<engine::part_store> store_;
    std::unique_ptr<node_context> context_;
    std::unique_ptr<cluster_node> cluster_;  // null: this node is alone

    // Written by each core before all_started_, read by others after it.
    std::vector<core_server<connection>*> core_servers_;
    std::atomic<bool> failed_{false};
    barrier all_started_;
    barrier all_answered_;
    barrier all_drained_;
    barrier all_stopped_;
};

std::expected<std::unique_ptr<server>, std::string> server::open(
    settings s, std::optional<s3::credentials> identity,
    std::unique_ptr<cluster::membership> nodes) {
    std::unique_ptr<server> made(
        new server(std::make_unique<node>(std::move(s), std::move(identity), std::move(nodes))));
    if (auto ready = made->node_->open(); !ready) return std::unexpected(ready.error());
    return made;
}

server::server(std::unique_ptr<node> n) : node_(std::move(n)) {}
server::~server() = default;

std::expected<void, std::string> server::run() { return node_->run(); }

}  // namespace lode::frontend
