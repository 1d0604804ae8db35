#include "bench/commands/report_options.h"

#include "bench/commands/conversation.h"

namespace lode::bench {

void add_report_options(CLI::App& command, report_files& into) {
    command.add_option("--json", into.json, "Write the report to this file, with all its figures.")
        ->type_name("FILE");
    command
        .add_option("--html", into.html, "Write the report to this file, as a page with charts.")
        ->type_name("FILE");
}

int finish_report(const report& of, const report_files& to, int code) {
    if (auto written = write_report(of, to); !written) return complain(written.error());
    return code;
}

}  // namespace lode::bench
