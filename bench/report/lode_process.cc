#include "bench/report/lode_process.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/lode/settings_text.h"

namespace lode::bench {
namespace {

constexpr std::chrono::milliseconds look_again{20};

class loopback_socket {
  public:
    loopback_socket() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
    loopback_socket(const loopback_socket&) = delete;
    loopback_socket& operator=(const loopback_socket&) = delete;
    ~loopback_socket() {
        if (fd_ >= 0) ::close(fd_);
    }

    // The port that the kernel chose; 0 for none.
    [[nodiscard]] std::uint16_t bind_anywhere() const {
        sockaddr_in at = address(0);
        socklen_t length = sizeof at;
        if (::bind(fd_, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0) return 0;
        if (::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &length) != 0) return 0;
        return ntohs(at.sin_port);
    }
    [[nodiscard]] bool connects_to(std::uint16_t port) const {
        const sockaddr_in at = address(port);
        return ::connect(fd_, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0;
    }

  private:
    static sockaddr_in address(std::uint16_t port) {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_port = htons(port);
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return at;
    }
    int fd_;
};

// Held together until all are known, so that they differ.
std::array<std::uint16_t, 3> free_ports() {
    const std::array<loopback_socket, 3> held;
    return {held[0].bind_anywhere(), held[1].bind_anywhere(), held[2].bind_anywhere()};
}

std::string at_loopback(std::uint16_t port) { return fmt::format("127.0.0.1:{}", port); }

std::string last_line(const std::string& path) {
    std::ifstream file(path);
    std::string last;
    for (std::string line; std::getline(file, line);) {
        if (!line.empty()) last = std::move(line);
    }
    return last.empty() ? "without a word" : last;
}

std::string error_file(const std::string& folder) { return folder + "/errors"; }

}  // namespace

std::expected<lode_process, std::string> lode_process::start(const std::string& binary,
                                                             frontend::settings with) {
    lode_process made;
    const char* where = std::getenv("TMPDIR");
    made.folder_ = fmt::format("{}/lode-bench-XXXXXX", where != nullptr ? where : "/tmp");
    if (::mkdtemp(made.folder_.data()) == nullptr) {
        return std::unexpected(
            fmt::format("{}: {}", std::exchange(made.folder_, {}), std::strerror(errno)));
    }
    const auto [s3, admin, peer] = free_ports();
    made.port_ = s3;
    with.listen.s3 = at_loopback(s3);
    with.listen.admin = at_loopback(admin);
    with.listen.peer = at_loopback(peer);
    std::ofstream(made.folder_ + "/lode.toml") << tools::print_configuration(with);

    if (auto spawned = made.spawn(binary); !spawned) return std::unexpected(spawned.error());
    if (auto ready = made.wait_until_listening(); !ready) return std::unexpected(ready.error());
    return made;
}

lode_process::lode_process(lode_process&& other) noexcept
    : folder_(std::exchange(other.folder_, {})),
      pid_(std::exchange(other.pid_, 0)),
      port_(other.port_) {}

lode_process::~lode_process() {
    if (pid_ > 0) {
        ::kill(pid_, SIGTERM);
        if (!wait_until_gone(ending_max)) {
            ::kill(pid_, SIGKILL);
            (void)wait_until_gone(ending_max);
        }
    }
    if (!folder_.empty()) {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
}

std::expected<void, std::string> lode_process::spawn(const std::string& binary) {
    const std::string errors = error_file(folder_);
    std::vector<std::string> words{binary, "serve", "--config", folder_ + "/lode.toml"};
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);

    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, errors.c_str(),
                                     O_WRONLY | O_CREAT | O_TRUNC, 0600);
    // Its own group: Ctrl-C at the terminal ends the measurement, which then ends the server.
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    const int failed =
        ::posix_spawn(&pid_, binary.c_str(), &files, &attributes, arguments.data(), environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    if (failed == 0) return {};
    pid_ = 0;
    return std::unexpected(fmt::format("{}: {}", binary, std::strerror(failed)));
}

std::expected<void, std::string> lode_process::wait_until_listening() {
    const auto deadline = std::chrono::steady_clock::now() + starting_max;
    while (std::chrono::steady_clock::now() < deadline) {
        if (loopback_socket().connects_to(port_)) return {};
        int status = 0;
        if (::waitpid(pid_, &status, WNOHANG) == pid_) {
            pid_ = 0;
            return std::unexpected(
                fmt::format("lode did not start: {}", last_line(error_file(folder_))));
        }
        std::this_thread::sleep_for(look_again);
    }
    return std::unexpected(fmt::format("lode did not listen within {} s: {}", starting_max.count(),
                                       last_line(error_file(folder_))));
}

bool lode_process::wait_until_gone(std::chrono::seconds most) {
    const auto deadline = std::chrono::steady_clock::now() + most;
    while (std::chrono::steady_clock::now() < deadline) {
        const pid_t gone = ::waitpid(pid_, nullptr, WNOHANG);
        if (gone == pid_ || (gone < 0 && errno != EINTR)) {
            pid_ = 0;
            return true;
        }
        std::this_thread::sleep_for(look_again);
    }
    return false;
}

}  // namespace lode::bench
