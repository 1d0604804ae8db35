// frontend/http/address_news.h
//
// Whether it is news that an address fails, or answers again. Every core dials for itself and finds out for
// itself; the operator is to read of it once.
//
//   Core     Any: a lock, which is taken when an address changes and not when it is dialled.
//   Memory   A name for each address that fails, at most `most`; those beyond are never news.
#pragma once

#include <cstddef>
#include <mutex>
#include <set>
#include <string>

namespace lode::frontend::http {

class address_news {
  public:
    static constexpr std::size_t most = 4096;

    // A dialer that reached it before does not reach it, or the other way round.
    [[nodiscard]] bool is_new(const std::string& address, bool fails) {
        const std::scoped_lock held(lock_);
        if (!fails) return failing_.erase(address) > 0;
        return failing_.size() < most && failing_.insert(address).second;
    }

  private:
    std::mutex lock_;
    std::set<std::string> failing_;
};

}  // namespace lode::frontend::http
