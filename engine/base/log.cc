#include "engine/base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace lode::log {
namespace {

spdlog::logger& logger() {
    static const auto instance = [] {
        auto made = spdlog::stderr_logger_mt("lode");
        made->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
        return made;
    }();
    return *instance;
}

spdlog::level::level_enum spdlog_level(level l) {
    switch (l) {
        case level::debug: return spdlog::level::debug;
        case level::info: return spdlog::level::info;
        case level::warning: return spdlog::level::warn;
        case level::failure: return spdlog::level::err;
    }
    return spdlog::level::err;
}

}  // namespace

void set_level(level lowest) { logger().set_level(spdlog_level(lowest)); }

void write(level l, std::string_view line) {
    logger().log(spdlog_level(l), spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace lode::log
