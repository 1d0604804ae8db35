// bench/report/html.h
//
// A report as one page that needs nothing else: no script, no font, no network. What it says comes first,
// then the pictures (charts.h), then all figures as tables. Light or dark as the reader's system is.
//
//   Invariants  Every text of the report is escaped: labels come from a command line, words from servers.
#pragma once

#include <string>

#include "bench/report/report.h"

namespace lode::bench {

[[nodiscard]] std::string print_html(const report& of);

}  // namespace lode::bench
