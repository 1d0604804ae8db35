// Prints the list of nodes at every change, as the source that a configuration asks for finds it:
//
//     watch_membership CONFIGURATION
//
//     list node-a@127.0.0.1:9001#0+16 node-b@127.0.0.1:9002
//     problem etcd at http://127.0.0.1:2379 cannot be asked: ...
//     problem
//
// Lines on standard input: "announce FIRST,COUNT" and "drain" change what is said of this node; "counters"
// prints them; the end of the input ends it.
#include <charconv>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <mutex>
#include <string>
#include <thread>

#include <fmt/format.h>

#include "engine/base/log.h"
#include "tools/lode/configuration.h"
#include "tools/lode/membership.h"

using namespace lode;

namespace {

std::mutex printing;

void print_line(const std::string& line) {
    const std::scoped_lock lock(printing);
    fmt::print("{}\n", line);
    std::fflush(stdout);
}

std::string print_nodes(const std::vector<cluster::discovered>& all) {
    std::string line = "list";
    for (const cluster::discovered& node : all) {
        line += fmt::format(" {}@{}", node.name, node.address);
        for (const auto& range : node.slots)
            line += fmt::format("#{}+{}", range.first, range.count);
        if (node.draining) line += "!";
    }
    return line;
}

std::vector<cluster::slot_range> parse_slots(std::string_view text) {
    cluster::slot_range range;
    const auto comma = text.find(',');
    if (comma == std::string_view::npos) return {};
    std::from_chars(text.data(), text.data() + comma, range.first);
    std::from_chars(text.data() + comma + 1, text.data() + text.size(), range.count);
    return {range};
}

void follow_status(const std::stop_token& stopping, const cluster::membership& source) {
    std::string last;
    while (!stopping.stop_requested()) {
        std::string problem = source.status().problem;
        if (problem != last) print_line("problem " + problem);
        last = std::move(problem);
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    const auto read = tools::load_configuration(argv[1]);
    if (!read.problems.empty()) {
        fmt::print(stderr, "{}", tools::print_problems(read.problems, argv[1]));
        return 1;
    }
    const auto source = tools::make_membership(read.settings);
    if (!source || !*source) {
        fmt::print(stderr, "{}\n", source ? "there is no cluster" : source.error());
        return 1;
    }
    cluster::member self{.name = read.settings.node.name,
                         .address = tools::own_peer_address(read.settings),
                         .zone = read.settings.node.zone,
                         .capacity = bytes(1ULL << 30U)};
    (*source)->start(
        [](const std::vector<cluster::discovered>& all) { print_line(print_nodes(all)); });
    (*source)->announce(self);
    {
        const std::jthread watch(
            [&](const std::stop_token& stopping) { follow_status(stopping, **source); });
        std::string line;
        while (std::getline(std::cin, line)) {
            if (line.starts_with("announce ")) {
                self.slots = parse_slots(std::string_view(line).substr(9));
                (*source)->announce(self);
            } else if (line == "drain") {
                self.draining = true;
                (*source)->announce(self);
            } else if (line == "counters") {
                const auto& c = (*source)->counters();
                print_line(fmt::format("counters lists={} failures={} skipped={}", c.lists.value(),
                                       c.failures.value(), c.skipped.value()));
            }
        }
    }
    (*source)->stop();
    return 0;
}
