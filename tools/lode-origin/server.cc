#include "tools/lode-origin/server.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <sys/signalfd.h>

#include "engine/base/log.h"
#include "engine/runtime/core.h"
#include "engine/runtime/operations.h"
#include "engine/runtime/remote.h"
#include "engine/runtime/socket.h"
#include "tools/lode-origin/admin.h"
#include "tools/lode-origin/connection.h"
#include "tools/lode-origin/core_service.h"

namespace lode::dev_origin {
namespace {

constexpr duration shutdown_patience = std::chrono::seconds(10);

// Everything that lives from start to end. The listeners belong to the first core.
struct server {
    server_state& shared;
    std::vector<std::unique_ptr<core_service>> cores;
    std::vector<std::unique_ptr<engine::wait_list>> may_end;  // one per core, waited for on it
    std::optional<engine::tcp_listener> clients;
    std::optional<engine::tcp_listener> administrators;
    file_descriptor signals;
    std::vector<std::uint64_t> handed_out;  // connections per core, ever
};

result<server_state> make_state(const server_options& options);
bool listen_at(const std::string& where, std::optional<engine::tcp_listener>& into);
file_descriptor take_signals();
engine::task<void> run_core(server& s, core_id self);
engine::task<void> accept_clients(server& s);
engine::task<void> accept_administrators(server& s, admin_port& admin, engine::scope& serving);
engine::task<void> wait_for_signal(int fd);
engine::task<void> end_all(server& s);

}  // namespace

int run(const server_options& options) {
    auto shared = make_state(options);
    if (!shared) return 1;
    server s{.shared = *shared};
    if (!listen_at(options.listen, s.clients)) return 1;
    if (!options.admin.empty() && !listen_at(options.admin, s.administrators)) return 1;
    s.signals = take_signals();  // before the threads, which inherit the mask

    engine::core_group group({.cores = options.cores});
    shared->cores = group.size();
    for (std::size_t i = 0; i < group.size(); ++i) {
        s.cores.push_back(std::make_unique<core_service>(*shared));
        s.may_end.push_back(std::make_unique<engine::wait_list>());
    }
    s.handed_out.resize(group.size());
    const std::string address = s.clients->local().text();
    const auto started = group.start([&s](core_id self) { return run_core(s, self); });
    if (!started) {
        log::failure("cannot start: {}", describe(started.error()));
        return 1;
    }
    fmt::print("lode-origin listening on {}://{}\n", shared->tls ? "https" : "http", address);
    (void)std::fflush(stdout);
    group.join();
    return 0;
}

namespace {

result<server_state> make_state(const server_options& options) {
    const directory_use use = options.read_only || options.role == server_role::backend
                                  ? directory_use::reader
                                  : directory_use::only_writer;
    auto where = layout::open(options.directory, use);
    if (!where) {
        log::failure("cannot use the directory {}: {}", options.directory, describe(where.error()));
        return std::unexpected(where.error());
    }
    server_state shared{.where = std::move(*where),
                        .region = options.region,
                        .domains = options.domains,
                        .part_length_min = options.part_length_min,
                        .keep = options.sync ? durability::power_loss : durability::process_crash,
                        .use = use,
                        .role = options.role,
                        .quirks = options.quirks};
    if (options.role == server_role::gateway) {
        auto to = frontend::http::endpoint::parse(options.point_to);
        if (!to) {
            log::failure("{} is not a URL such as http://127.0.0.1:8010", options.point_to);
            return std::unexpected(to.error());
        }
        shared.points = pointing{.to = std::move(*to),
                                 .by = options.points_by,
                                 .signs = {.access_key = options.users.front().access_key,
                                           .secret_key = options.users.front().secret_key,
                                           .session_token = {}},
                                 .region = options.region};
    }
    for (const user& u : options.users) {
        if (!shared.users.add(u)) {
            log::failure("the access key of user {} is given twice", u.name);
            return fail(errc::invalid);
        }
    }
    if (!options.tls_certificate.empty()) {
        auto tls = engine::tls_context::for_server(options.tls_certificate, options.tls_key);
        if (!tls) {
            log::failure("cannot use the certificate {} with the key {}: {}",
                         options.tls_certificate, options.tls_key, describe(tls.error()));
            return std::unexpected(tls.error());
        }
        shared.tls = std::move(*tls);
    }
    return shared;
}

bool listen_at(const std::string& where, std::optional<engine::tcp_listener>& into) {
    const auto address = engine::socket_address::parse(where);
    if (!address) {
        log::failure("{} is not an address and a port, such as 127.0.0.1:8000", where);
        return false;
    }
    auto listener = engine::tcp_listener::open(*address);
    if (!listener) {
        log::failure("cannot listen on {}: {}", where, describe(listener.error()));
        return false;
    }
    into.emplace(std::move(*listener));
    return true;
}

file_descriptor take_signals() {
    sigset_t ours;
    sigemptyset(&ours);
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGINT);
    LODE_ASSERT(pthread_sigmask(SIG_BLOCK, &ours, nullptr) == 0);
    LODE_ASSERT(std::signal(SIGPIPE, SIG_IGN) != SIG_ERR);
    file_descriptor fd(::signalfd(-1, &ours, SFD_CLOEXEC));
    LODE_ASSERT(fd.get() >= 0);
    return fd;
}

engine::task<void> run_core(server& s, core_id self) {
    if (self != core_id(0)) {
        (void)co_await s.may_end[self.value()]->wait();
        co_return;
    }
    engine::scope accepting;
    engine::scope administration;
    admin_port admin(s.cores);
    accepting.spawn(accept_clients(s));
    if (s.administrators) accepting.spawn(accept_administrators(s, admin, administration));
    co_await wait_for_signal(s.signals.get());

    s.clients->stop();
    if (s.administrators) s.administrators->stop();
    co_await accepting.close();
    co_await end_all(s);
    admin.abort();
    co_await administration.close();
}

// Until every core has ended its connections, any of them may still need another one's answer.
engine::task<void> end_all(server& s) {
    for (std::size_t i = 0; i < s.cores.size(); ++i) {
        co_await engine::on_core(core_id(static_cast<std::uint16_t>(i)), [core = s.cores[i].get()] {
            return core->stop(shutdown_patience);
        });
    }
    for (std::size_t i = 1; i < s.cores.size(); ++i) {
        co_await engine::on_core(core_id(static_cast<std::uint16_t>(i)),
                                 [waiting = s.may_end[i].get()] { waiting->notify_all(); });
    }
}

std::size_t least_busy(const server& s) {
    std::size_t best = 0;
    std::uint64_t fewest = ~std::uint64_t{0};
    for (std::size_t i = 0; i < s.cores.size(); ++i) {
        const std::uint64_t open = s.handed_out[i] - s.cores[i]->connections_ended.value();
        if (open < fewest) {
            fewest = open;
            best = i;
        }
    }
    return best;
}

engine::task<void> accept_clients(server& s) {
    for (;;) {
        auto accepted = co_await s.clients->accept();
        if (!accepted && accepted.error().code == errc::cancelled) co_return;
        if (!accepted) {
            // Out of descriptors, most likely: some will be free again.
            log::warning("cannot accept: {}", describe(accepted.error()));
            co_await engine::sleep_for(std::chrono::milliseconds(100));
            continue;
        }
        const std::size_t target = least_busy(s);
        ++s.handed_out[target];
        co_await engine::on_core(
            core_id(static_cast<std::uint16_t>(target)),
            [core = s.cores[target].get(), fd = accepted->fd, peer = accepted->peer] {
                core->connections.spawn(serve_connection(*core, fd, peer));
            });
    }
}

engine::task<void> accept_administrators(server& s, admin_port& admin, engine::scope& serving) {
    for (;;) {
        auto accepted = co_await s.administrators->accept();
        if (!accepted && accepted.error().code == errc::cancelled) co_return;
        if (!accepted) {
            co_await engine::sleep_for(std::chrono::milliseconds(100));
            continue;
        }
        serving.spawn(admin.serve(accepted->fd, accepted->peer));
    }
}

engine::task<void> wait_for_signal(int fd) {
    // The ring keeps a pointer to it, and a coroutine's frame is where it is safe.
    std::array<std::byte, sizeof(signalfd_siginfo)> told{};
    constexpr std::uint64_t no_offset = ~std::uint64_t{0};
    (void)co_await engine::read_at(fd, told, no_offset);
}

}  // namespace
}  // namespace lode::dev_origin
