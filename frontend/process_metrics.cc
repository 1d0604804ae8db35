#include "frontend/process_metrics.h"

#include <fmt/format.h>
#include <sys/resource.h>

namespace lode::frontend {

std::string describe_process() {
    rusage used{};
    // It fails for arguments only that are not these.
    (void)::getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
    };
    constexpr auto family = "process_cpu_seconds_total";
    return fmt::format("# HELP {0} CPU time, user and system\n# TYPE {0} counter\n{0} {1:.6f}\n",
                       family, seconds(used.ru_utime) + seconds(used.ru_stime));
}

}  // namespace lode::frontend
