// bench/report/report_files.h
//
// Where a command puts its report beside the terminal, and reports that were put there before.
//
//   Errors   One sentence that names the file.
#pragma once

#include <expected>
#include <string>

#include "bench/report/report.h"

namespace lode::bench {

struct report_files {
    std::string json;  // empty: none
    std::string html;
};

// Both block. What is there is replaced.
[[nodiscard]] std::expected<void, std::string> write_report(const report& of,
                                                            const report_files& to);

[[nodiscard]] std::expected<report, std::string> read_report(const std::string& path);

}  // namespace lode::bench
