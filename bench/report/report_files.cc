#include "bench/report/report_files.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string_view>

#include <fmt/format.h>

#include "bench/report/html.h"
#include "bench/report/json.h"
#include "tools/lode/small_file.h"

namespace lode::bench {
namespace {

std::expected<void, std::string> write_file(const std::string& path, std::string_view text) {
    errno = 0;
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << text;
    file.close();
    if (file) return {};
    return std::unexpected(fmt::format("{}: {}", path, std::strerror(errno != 0 ? errno : EIO)));
}

}  // namespace

std::expected<void, std::string> write_report(const report& of, const report_files& to) {
    if (!to.json.empty()) {
        if (auto written = write_file(to.json, print_json(of)); !written) return written;
    }
    if (!to.html.empty()) return write_file(to.html, print_html(of));
    return {};
}

std::expected<report, std::string> read_report(const std::string& path) {
    const auto text = tools::read_small_file(path, report_file_max);
    if (!text) return std::unexpected(fmt::format("{}: {}", path, describe(text.error())));
    auto read = read_json(*text);
    if (!read) return std::unexpected(fmt::format("{}: {}", path, read.error()));
    return read;
}

}  // namespace lode::bench
