#include "tools/lode-origin/tally.h"

#include <map>

#include <fmt/format.h>

#include "engine/base/assert.h"

namespace lode::dev_origin {

void tally::answered(operation op, unsigned status) {
    LODE_ASSERT(status >= status_min && status <= status_max);
    of(op).by_status[status - status_min].add();
}

void tally::reset() {
    for (per_operation& each : operations_) {
        for (counter& c : each.by_status) c.set(0);
        each.bytes_out.set(0);
    }
    bytes_in_.set(0);
}

std::string counters_json(std::span<const tally* const> cores) {
    std::string operations;
    std::uint64_t all_bytes_out = 0;
    for (std::size_t op = 0; op < operation_count; ++op) {
        std::map<unsigned, std::uint64_t> by_status;
        std::uint64_t requests = 0;
        std::uint64_t bytes_out = 0;
        for (const tally* core : cores) {
            const auto& counted = core->operations_[op];
            bytes_out += counted.bytes_out.value();
            for (std::size_t i = 0; i < counted.by_status.size(); ++i) {
                const std::uint64_t count = counted.by_status[i].value();
                if (count == 0) continue;
                by_status[tally::status_min + static_cast<unsigned>(i)] += count;
                requests += count;
            }
        }
        all_bytes_out += bytes_out;
        if (requests == 0) continue;
        std::string statuses;
        for (const auto& [status, count] : by_status) {
            statuses += fmt::format(R"({}"{}":{})", statuses.empty() ? "" : ",", status, count);
        }
        operations +=
            fmt::format(R"({}"{}":{{"requests":{},"by_status":{{{}}},"bytes_out":{}}})",
                        operations.empty() ? "" : ",", name_of(static_cast<operation>(op)),
                        requests, statuses, bytes_out);
    }
    std::uint64_t bytes_in = 0;
    std::uint64_t in_flight = 0;
    for (const tally* core : cores) {
        bytes_in += core->bytes_in_.value();
        in_flight += core->in_flight_.value();
    }
    return fmt::format(R"({{"operations":{{{}}},"bytes_in":{},"bytes_out":{},"in_flight":{}}})"
                       "\n",
                       operations, bytes_in, all_bytes_out, in_flight);
}

}  // namespace lode::dev_origin
