// tools/lode/descriptor.h
//
// Owns a file descriptor of blocking code: the command-line tools and the probes before start.
#pragma once

#include <utility>

#include <unistd.h>

namespace lode::tools {

class descriptor {
  public:
    explicit descriptor(int fd) : fd_(fd) {}
    descriptor(descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    descriptor& operator=(descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }

    explicit operator bool() const { return fd_ >= 0; }
    [[nodiscard]] int fd() const { return fd_; }

  private:
    int fd_;
};

}  // namespace lode::tools
