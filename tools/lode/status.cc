#include "tools/lode/status.h"

#include <cstdint>
#include <vector>

#include <fmt/format.h>

#include "engine/base/units.h"
#include "tools/lode/number.h"
#include "tools/lode/quantity.h"
#include "tools/lode/setting_table.h"

namespace lode::tools {
namespace {

double value(const samples& from, std::string_view name) {
    const auto found = from.find(name);
    return found == from.end() ? 0.0 : found->second;
}

std::uint64_t count(const samples& from, std::string_view name) {
    const double found = value(from, name);
    return found > 0 ? static_cast<std::uint64_t>(found) : 0;
}

std::string size(const samples& from, std::string_view name) {
    return approximate_size(bytes(count(from, name)));
}

// The sum of a family over its labels.
std::uint64_t total(const samples& from, std::string_view family) {
    double sum = value(from, family);
    for (const auto& [name, sample] : from) {
        if (name.size() > family.size() && name.starts_with(family) && name[family.size()] == '{') {
            sum += sample;
        }
    }
    return sum > 0 ? static_cast<std::uint64_t>(sum) : 0;
}

std::string label_of(const samples& from, std::string_view family, std::string_view label) {
    const auto found = from.lower_bound(std::string(family) + "{");
    if (found == from.end() || !found->first.starts_with(family)) return "?";
    const std::string wanted = fmt::format("{}=\"", label);
    const auto begin = found->first.find(wanted);
    if (begin == std::string::npos) return "?";
    const auto first = begin + wanted.size();
    return found->first.substr(first, found->first.find('"', first) - first);
}

std::string share(std::uint64_t part, std::uint64_t whole) {
    if (whole == 0) return "none";
    return fmt::format("{:.1f}%", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string uptime(std::uint64_t seconds) {
    if (seconds < 60) return fmt::format("{} s", seconds);
    if (seconds < 3600) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
    if (seconds < 86400) return fmt::format("{} h {} min", seconds / 3600, seconds / 60 % 60);
    return fmt::format("{} d {} h", seconds / 86400, seconds / 3600 % 24);
}

std::string used_of(const samples& from, std::string_view used, std::string_view capacity) {
    if (count(from, capacity) == 0) return "none";
    return fmt::format("{} of {} used", size(from, used), size(from, capacity));
}

// Each device that is not used, by its path.
std::string print_devices_out(const samples& from) {
    constexpr std::string_view family = "lode_store_device_in_service{device=\"";
    std::string out;
    for (auto it = from.lower_bound(std::string(family));
         it != from.end() && it->first.starts_with(family); ++it) {
        if (it->second != 0) continue;
        const std::string path =
            it->first.substr(family.size(), it->first.rfind('"') - family.size());
        out += fmt::format(
            "  trouble       {0} is out of service; `lode device in {0}` takes it back\n", path);
    }
    return out;
}

// How the bytes of objects came here, where not only the gateway gives them.
std::string print_backends(const samples& from) {
    constexpr std::string_view family = "lode_backend_in_service{backend=\"";
    int known = 0;
    int in_service = 0;
    std::string out_of_service;
    for (auto it = from.lower_bound(std::string(family));
         it != from.end() && it->first.starts_with(family); ++it) {
        ++known;
        if (it->second != 0) {
            ++in_service;
            continue;
        }
        const std::string url =
            it->first.substr(family.size(), it->first.rfind('"') - family.size());
        out_of_service += fmt::format("  trouble       backend {} is out of service\n", url);
    }
    const auto elsewhere = total(from, "lode_backend_bytes_total") -
                           count(from, "lode_backend_bytes_total{backend=\"gateway\"}");
    if (known == 0 && elsewhere == 0) return {};
    return fmt::format("  backends      {} of {} in service; {} read past the gateway\n",
                       in_service, known, approximate_size(bytes(elsewhere))) +
           out_of_service;
}

// What an operator should look into; nothing is said about zeros.
std::string print_trouble(const samples& from) {
    struct trouble {
        std::string_view family;
        std::string_view what;
    };
    constexpr trouble troubles[] = {
        {"lode_store_checksum_failures_total", "chunks came off a device damaged"},
        {"lode_store_device_read_errors_total", "device reads failed"},
        {"lode_store_device_write_errors_total", "device writes failed"},
        {"lode_store_fill_errors_total", "fills ended by an error"},
        {"lode_gateway_answers_total{answer=\"failed\"}", "questions to the gateway failed"},
        {"lode_connections_refused_total", "clients were refused over limits.connections"},
        {"lode_broken_responses_total", "responses could not be finished"},
        {"lode_access_log_dropped_total", "access-log lines were dropped"},
    };
    std::string out;
    for (const auto& [family, what] : troubles) {
        if (const auto times = count(from, family)) {
            out += fmt::format("  trouble       {} {}\n", times, what);
        }
    }
    return out;
}

// First of all, because nothing else matters as much.
std::string print_authentication(const samples& from) {
    std::string out;
    if (count(from, "lode_auth_mode{mode=\"trust\"}") != 0) {
        out +=
            "WARNING: clients are NOT authenticated (auth.mode = \"trust\"): whoever reaches "
            "listen.s3 may use all of lode's rights.\n\n";
    }
    if (from.contains("lode_key_file_current") && count(from, "lode_key_file_current") == 0) {
        out +=
            "WARNING: the key file (auth.keys) on disk cannot be used, the log says why; the keys "
            "read before stay in force.\n\n";
    }
    return out;
}

std::string print_clients_keys(const samples& from) {
    if (!from.contains("lode_access_keys")) return {};
    const auto admitted = count(from, "lode_admissions_total{outcome=\"admitted\"}");
    const auto anonymous = count(from, "lode_admissions_total{outcome=\"anonymous\"}");
    return fmt::format(
        "  keys          {} of clients; {} requests admitted, {} anonymous, {} refused\n",
        count(from, "lode_access_keys"), admitted, anonymous,
        total(from, "lode_admissions_total") - admitted - anonymous);
}

}  // namespace

std::expected<samples, std::string> parse_metrics(std::string_view page) {
    samples found;
    while (!page.empty()) {
        const auto end = page.find('\n');
        const std::string_view line = page.substr(0, end);
        page.remove_prefix(end == std::string_view::npos ? page.size() : end + 1);
        if (line.empty() || line.front() == '#') continue;

        // A label's value may hold blanks; what follows the name and its labels may not.
        const auto labels_end = line.rfind('}');
        const auto space = line.find(' ', labels_end == std::string_view::npos ? 0 : labels_end);
        if (space != std::string_view::npos && space > 0) {
            if (const auto sample = parse_number<double>(line.substr(space + 1))) {
                found.insert_or_assign(std::string(line.substr(0, space)), *sample);
                continue;
            }
        }
        return std::unexpected(fmt::format("The metrics page has a line that is no sample: {}.",
                                           in_quotes(line.substr(0, 80))));
    }
    const auto info = found.lower_bound("lode_info");
    if (info == found.end() || !info->first.starts_with("lode_info")) {
        return std::unexpected("The metrics page has no lode_info: it is not lode's.");
    }
    return found;
}

bool has_cluster(const samples& from) {
    constexpr std::string_view family = "lode_cluster_members{";
    const auto found = from.lower_bound(family);
    return found != from.end() && found->first.starts_with(family);
}

std::string print_status(const samples& from) {
    const auto reads = total(from, "lode_object_reads_total");
    const auto hits = count(from, "lode_object_reads_total{cache=\"HIT\"}");
    const auto read_bytes = total(from, "lode_object_read_bytes_total");
    const auto hit_bytes = count(from, "lode_object_read_bytes_total{cache=\"HIT\"}");

    std::string out = print_authentication(from);
    out += fmt::format("lode {}, version {}, up {}, {} cores\n\n",
                       label_of(from, "lode_info", "node"), label_of(from, "lode_info", "version"),
                       uptime(count(from, "lode_uptime_seconds")), count(from, "lode_cores"));
    out += fmt::format("  clients       {} connected, {} requests ({} of them 4xx, {} 5xx)\n",
                       count(from, "lode_connections"), total(from, "lode_requests_total"),
                       count(from, "lode_requests_total{status=\"4xx\"}"),
                       count(from, "lode_requests_total{status=\"5xx\"}"));
    out += print_clients_keys(from);
    out += fmt::format("  object reads  {}; served from the cache: {} of them, {} of their bytes\n",
                       reads, share(hits, reads), share(hit_bytes, read_bytes));
    out +=
        fmt::format("  bytes         {} sent to clients, {} received from them\n",
                    size(from, "lode_sent_bytes_total"), size(from, "lode_received_bytes_total"));
    out += fmt::format("  memory        {}\n", used_of(from, "lode_store_memory_used_bytes",
                                                       "lode_store_memory_capacity_bytes"));
    out += fmt::format("  devices       {}\n", used_of(from, "lode_store_device_used_bytes",
                                                       "lode_store_device_capacity_bytes"));
    out += fmt::format("  origin        {} connections in use, {} idle\n",
                       count(from, "lode_origin_connections{state=\"in_use\"}"),
                       count(from, "lode_origin_connections{state=\"idle\"}"));
    return out + print_backends(from) + print_devices_out(from) + print_trouble(from);
}

}  // namespace lode::tools
