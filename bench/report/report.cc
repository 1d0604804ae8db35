#include "bench/report/report.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <fstream>
#include <string_view>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace lode::bench {
namespace {

std::string cpu_model() {
    std::ifstream file("/proc/cpuinfo");
    std::string line;
    while (std::getline(file, line)) {
        const auto colon = line.find(": ");
        if (line.starts_with("model name") && colon != std::string::npos) {
            return line.substr(colon + 2);
        }
    }
    return {};
}

std::vector<std::string> own_command_line() {
    std::ifstream file("/proc/self/cmdline");
    std::vector<std::string> words;
    for (std::string word; std::getline(file, word, '\0');) words.push_back(std::move(word));
    return words;
}

bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-_./:=,@%+").contains(c);
}

std::string quoted(const std::string& word) {
    if (!word.empty() && std::ranges::all_of(word, is_plain)) return word;
    std::string out = "'";
    for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
}

}  // namespace

host_facts this_host() {
    host_facts facts;
    utsname names{};
    if (uname(&names) == 0) {
        facts.name = names.nodename;
        facts.kernel = fmt::format("{} {} {}", names.sysname, names.release, names.machine);
    }
    facts.cpu = cpu_model();
    facts.cpus = static_cast<std::uint32_t>(std::max(sysconf(_SC_NPROCESSORS_ONLN), 0L));
    const auto pages = static_cast<std::uint64_t>(std::max(sysconf(_SC_PHYS_PAGES), 0L));
    facts.memory = bytes(pages * static_cast<std::uint64_t>(std::max(sysconf(_SC_PAGESIZE), 0L)));
    return facts;
}

report begin_report(std::string title) {
    report begun;
    begun.title = std::move(title);
    begun.written_by = "lode-bench " LODE_VERSION;
    begun.time = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
    begun.command = own_command_line();
    begun.host = this_host();
    return begun;
}

std::string command_text(const std::vector<std::string>& command) {
    std::string out;
    for (const std::string& word : command) out += (out.empty() ? "" : " ") + quoted(word);
    return out;
}

}  // namespace lode::bench
