// bench/report/lode_process.h
//
// A lode of one's own for a while: started with given settings on free ports of loopback, ended by its
// process id, its temporary configuration removed.
//
//   Core      The caller's thread waits.
//   Lifetime  The process does not outlive the object.
//   Errors    One sentence, with what the process said last where it ended by itself.
//   Limits    starting_max to begin to listen; ending_max after SIGTERM, then SIGKILL.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <string>

#include <sys/types.h>

#include "frontend/settings.h"

namespace lode::bench {

class lode_process {
  public:
    static constexpr std::chrono::seconds starting_max{60};
    static constexpr std::chrono::seconds ending_max{40};

    // listen.* of the settings are replaced.
    [[nodiscard]] static std::expected<lode_process, std::string> start(const std::string& binary,
                                                                        frontend::settings with);

    lode_process(lode_process&& other) noexcept;
    lode_process& operator=(lode_process&&) = delete;
    ~lode_process();

    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] std::uint16_t port() const { return port_; }

  private:
    lode_process() = default;
    [[nodiscard]] std::expected<void, std::string> spawn(const std::string& binary);
    [[nodiscard]] std::expected<void, std::string> wait_until_listening();
    [[nodiscard]] bool wait_until_gone(std::chrono::seconds most);

    std::string folder_;
    pid_t pid_ = 0;  // 0: none, or ended
    std::uint16_t port_ = 0;
};

}  // namespace lode::bench
