#include "tools/lode/device_commands.h"

#include <chrono>
#include <cstdio>
#include <string_view>
#include <thread>

#include <fmt/format.h>
#include <unistd.h>

#include "engine/store/device_backing.h"
#include "engine/store/inspection.h"

namespace lode::tools {
namespace {

constexpr int damaged_chunks = 3;

// Longer than a running lode waits before it describes what it wrote.
constexpr std::chrono::seconds settle_time{3};

int say_why_not(std::string_view sentence) {
    fmt::print(stderr, "{}\n", sentence);
    return 1;
}

// One line on a terminal that is written over again and again, and is gone afterwards.
class progress_line {
  public:
    void show(bytes done, bytes total) {
        std::string now = print_progress(done, total);
        if (now == shown_) return;
        shown_ = std::move(now);
        fmt::print(stderr, "\r{}", shown_);
    }
    void clear() const {
        if (!shown_.empty()) fmt::print(stderr, "\r{:{}}\r", "", shown_.size());
    }

  private:
    std::string shown_;
};

engine::device_census look(engine::device_backing& device, const engine::format::superblock& of,
                           verified chunks, bool in_use) {
    progress_line line;
    engine::inspection_options o;
    if (chunks == verified::yes) {
        o.data = engine::inspection_options::chunks::verified;
        if (in_use) o.settle = [] { std::this_thread::sleep_for(settle_time); };
        if (isatty(STDERR_FILENO) == 1) {
            o.progress = [&line](bytes done, bytes total) { line.show(done, total); };
        }
    }
    auto census = engine::inspect(device, of, o);
    line.clear();
    return census;
}

}  // namespace

int run_inspect(const std::string& path, verified chunks, written_for whom) {
    const auto device = engine::view_file_backing(path);
    if (!device) return say_why_not(device.error());
    if ((*device)->size() < engine::format::header_area) {
        return say_why_not(describe_no_cache(path, {}));
    }
    const auto copies = engine::read_superblocks(**device);
    if (!copies) {
        return say_why_not(fmt::format("{} cannot be read ({}).", path, describe(copies.error())));
    }
    if (copies->usable() == nullptr || copies->either(errc::unavailable)) {
        return say_why_not(describe_no_cache(path, *copies));
    }
    const bool in_use = (*device)->in_use();
    device_report report{.path = path,
                         .size = (*device)->size(),
                         .in_use = in_use,
                         .copies = *copies,
                         .census = look(**device, *copies->usable(), chunks, in_use),
                         .chunks = chunks};
    report.in_use = report.in_use || (*device)->in_use();
    fmt::print("{}",
               whom == written_for::people ? print_report(report) : print_report_json(report));
    return is_sound(report) ? 0 : damaged_chunks;
}

int run_format(const format_request& r) {
    const auto made = format_path(r);
    if (!made) return say_why_not(made.error());
    fmt::print("{}", print_formatted(r.path, *made));
    return 0;
}

}  // namespace lode::tools
