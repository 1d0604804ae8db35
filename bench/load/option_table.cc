#include "bench/load/option_table.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "tools/lode/quantity.h"

namespace lode::bench {
namespace {

template <class Number>
bool take_number(std::string_view text, Number& into) {
    Number value{};
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc() || end != text.data() + text.size()) return false;
    into = value;
    return true;
}

bool take_size(std::string_view text, bytes& into) {
    const auto size = tools::parse_size(text);
    if (size) into = *size;
    return size.has_value();
}

bool take_mix(std::string_view text, size_mix& into) {
    auto mix = parse_mix(text);
    if (mix) into = std::move(*mix);
    return mix.has_value();
}

bool take_duration(std::string_view text, duration& into) {
    const auto time = tools::parse_duration(text);
    if (time) into = *time;
    return time.has_value();
}

bool take_flag(std::string_view text, bool& into) {
    into = text == "true";
    return into || text == "false";
}

bool take_text(std::string_view text, std::string& into) {
    into = text;
    return true;
}

template <class Value, std::size_t Count>
bool take_word(std::string_view text,
               const std::array<std::pair<std::string_view, Value>, Count>& words, Value& into) {
    for (const auto& [word, value] : words) {
        if (word != text) continue;
        into = value;
        return true;
    }
    return false;
}

bool take_endpoint(load_options& o, std::string_view text) {
    auto at = frontend::http::endpoint::parse(text);
    if (at) o.target.at = std::move(*at);
    return at.has_value();
}

bool take_pids(load_options& o, std::string_view text) {
    std::vector<pid_t> pids;
    while (!text.empty()) {
        const auto comma = text.find(',');
        pid_t pid = 0;
        if (!take_number(text.substr(0, comma), pid) || pid <= 0) return false;
        pids.push_back(pid);
        text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    }
    o.target.server_pids = std::move(pids);
    return !o.target.server_pids.empty();
}

bool take_ranges(load_options& o, std::string_view text) {
    o.read = reading::ranges;
    return take_mix(text, o.ranges);
}

bool take_parts(load_options& o, std::string_view text) {
    bool by_part = false;
    if (!take_flag(text, by_part)) return false;
    o.read = by_part ? reading::parts : reading::whole;
    return true;
}

bool take_popularity(load_options& o, std::string_view text) {
    constexpr std::string_view with_exponent = "zipf:";
    if (text.starts_with(with_exponent)) {
        o.popularity = popularity_law::zipf;
        return take_number(text.substr(with_exponent.size()), o.zipf_exponent);
    }
    static constexpr std::array words{
        std::pair{std::string_view("uniform"), popularity_law::uniform},
        std::pair{std::string_view("zipf"), popularity_law::zipf},
        std::pair{std::string_view("epoch"), popularity_law::epoch}};
    return take_word(text, words, o.popularity);
}

bool take_rate(load_options& o, std::string_view text) {
    if (o.arrivals == arrival_law::closed) o.arrivals = arrival_law::constant;
    return take_number(text, o.rate);
}

bool take_arrivals(load_options& o, std::string_view text) {
    static constexpr std::array words{
        std::pair{std::string_view("closed"), arrival_law::closed},
        std::pair{std::string_view("constant"), arrival_law::constant},
        std::pair{std::string_view("poisson"), arrival_law::poisson}};
    return take_word(text, words, o.arrivals);
}

bool take_state(load_options& o, std::string_view text) {
    static constexpr std::array words{std::pair{std::string_view("any"), cache_state::any},
                                      std::pair{std::string_view("cold"), cache_state::cold},
                                      std::pair{std::string_view("memory"), cache_state::memory},
                                      std::pair{std::string_view("disk"), cache_state::disk},
                                      std::pair{std::string_view("peer"), cache_state::peer}};
    return take_word(text, words, o.state);
}

using text = std::string_view;

constexpr std::array rows{
    option_row{"endpoint", "URL", "The server, as http://127.0.0.1:9000.", &take_endpoint},
    option_row{"label", "NAME", "The server's name in tables.",
               [](load_options& o, text v) { return take_text(v, o.target.label); }},
    option_row{"region", "NAME", "The region that signatures name.",
               [](load_options& o, text v) { return take_text(v, o.target.region); }},
    option_row{"ca-file", "FILE", "Who may vouch for an https server, as PEM; else the system's.",
               [](load_options& o, text v) { return take_text(v, o.target.ca_file); }},
    option_row{"server-pid", "PID,...", "The server's processes on this machine: for its CPU time.",
               &take_pids},
    option_row{"server-metrics", "URL",
               "lode's admin port, whose /metrics say the server's CPU time.",
               [](load_options& o, text v) { return take_text(v, o.target.server_metrics); }},
    option_row{"bucket", "NAME", "Where the objects are; made where it is missing.",
               [](load_options& o, text v) { return take_text(v, o.data.bucket); }},
    option_row{"prefix", "TEXT", "What the objects' keys begin with.",
               [](load_options& o, text v) { return take_text(v, o.data.prefix); }},
    option_row{"objects", "COUNT", "How many objects there are.",
               [](load_options& o, text v) { return take_number(v, o.data.objects); }},
    option_row{"object-size", "SIZE", "64KiB or 50MB, or a mix with weights: 4KiB:50,128KiB:50.",
               [](load_options& o, text v) { return take_mix(v, o.data.sizes); }},
    option_row{"part-size", "SIZE", "Upload larger objects in parts of this size; 0B: whole.",
               [](load_options& o, text v) { return take_size(v, o.data.part_size); }},
    option_row{"seed", "NUMBER", "What content and order of requests follow from.",
               [](load_options& o, text v) { return take_number(v, o.data.seed); }},
    option_row{"range", "SIZE", "Read ranges of this size at random multiples of it.",
               &take_ranges},
    option_row{"mix", "SIZE:WEIGHT,...", "Read ranges of several sizes: 64KiB:70,1MiB:30.",
               &take_ranges},
    option_row{"by-part", "", "Read one part of an object at a time, as a range.", &take_parts},
    option_row{"put-share", "FRACTION", "How many of the requests of mixed are PUTs, 0 to 1.",
               [](load_options& o, text v) { return take_number(v, o.put_share); }},
    option_row{"popularity", "LAW", "uniform, zipf or zipf:EXPONENT, epoch (each once per epoch).",
               &take_popularity},
    option_row{"arrivals", "LAW",
               "closed (ask when answered), or by a schedule: constant, poisson.", &take_arrivals},
    option_row{"rate", "COUNT", "Requests a second of a schedule.", &take_rate},
    option_row{"in-flight", "COUNT", "Requests at once: connections.",
               [](load_options& o, text v) { return take_number(v, o.in_flight); }},
    option_row{"cores", "COUNT", "Threads of the generator.",
               [](load_options& o, text v) { return take_number(v, o.cores); }},
    option_row{"warm-up", "TIME", "Not measured, at the beginning.",
               [](load_options& o, text v) { return take_duration(v, o.warm_up); }},
    option_row{"duration", "TIME", "Measured.",
               [](load_options& o, text v) { return take_duration(v, o.measured); }},
    option_row{"requests", "COUNT", "End after so many requests; 0: when the time is over.",
               [](load_options& o, text v) { return take_number(v, o.requests); }},
    option_row{"deadline", "TIME", "Of one request.",
               [](load_options& o, text v) { return take_duration(v, o.deadline); }},
    option_row{"verify", "", "Compare every byte that is read.",
               [](load_options& o, text v) { return take_flag(v, o.verify); }},
    option_row{"sign-ranges", "", "Sign the Range header, as some SDKs do.",
               [](load_options& o, text v) { return take_flag(v, o.sign_ranges); }},
    option_row{"state", "STATE",
               "Where the answers must say that they came from: cold, memory, disk, peer, any.",
               &take_state},
};

}  // namespace

std::span<const option_row> option_table() { return rows; }

std::expected<void, std::string> set_option(load_options& into, std::string_view name,
                                            std::string_view value) {
    const auto row = std::ranges::find(rows, name, &option_row::name);
    if (row == rows.end()) return std::unexpected(fmt::format("There is no option --{}.", name));
    if (row->set(into, value)) return {};
    return std::unexpected(fmt::format("--{} expects {}, and not \"{}\": {}", name,
                                       row->takes.empty() ? "true or false" : row->takes, value,
                                       row->meaning));
}

std::optional<size_mix> parse_mix(std::string_view text) {
    size_mix mix;
    while (!text.empty()) {
        const auto comma = text.find(',');
        const std::string_view share = text.substr(0, comma);
        text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
        if (comma != std::string_view::npos && text.empty()) return std::nullopt;

        const auto colon = share.find(':');
        size_share parsed;
        if (!take_size(share.substr(0, colon), parsed.size)) return std::nullopt;
        if (colon != std::string_view::npos &&
            !take_number(share.substr(colon + 1), parsed.weight)) {
            return std::nullopt;
        }
        mix.push_back(parsed);
    }
    if (mix.empty()) return std::nullopt;
    return mix;
}

}  // namespace lode::bench
