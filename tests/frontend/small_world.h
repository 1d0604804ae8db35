// tests/frontend/small_world.h
//
// lode's frontend without a kernel: one node (small_node.h) before an origin (small_origin.h), in a
// simulation of their own.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/runtime/simulation.h"
#include "tests/frontend/small_node.h"
#include "tests/frontend/small_origin.h"

namespace lode::frontend {

inline constexpr std::size_t mib = std::size_t{1} << 20U;

// A header line of a client whose signature covers its Range, as boto3's does.
inline constexpr std::string_view range_signed =
    "Authorization: AWS4-HMAC-SHA256 Credential=K/20260101/us-east-1/s3/aws4_request, "
    "SignedHeaders=host;range;x-amz-date, Signature=00\r\n";

class small_world : public small_origin {
  public:
    // With an identity lode may ask the origin on its own behalf. `fills_max`: of the store.
    explicit small_world(std::uint64_t seed = 1, settings s = {},
                         std::optional<s3::credentials> identity = {},
                         std::uint32_t fills_max = 1024);
    ~small_world();

    // Sends raw bytes as one client on one connection, and returns everything that came back until the
    // server closed. The client closes its sending side after its bytes.
    std::string talk(std::string bytes);

    // A request without a body and with extra header lines ("Range: bytes=0-1\r\n"); the whole answer.
    std::string ask(std::string_view method, std::string_view target, std::string_view lines = {});
    std::string get(std::string_view target, std::string_view lines = {});

    // Several clients at the same time; their answers in order.
    std::vector<std::string> talk_all(std::vector<std::string> requests);

    // Runs something else in this world, to its end.
    void run(engine::task<void> work);

    void drop_memory();
    // What goes on in the background comes to its end.
    void rest(duration time = std::chrono::minutes(1));
    // Time passes.
    void pass(duration amount);
    [[nodiscard]] frontend::serving& serving();

  private:
    engine::simulation world_;
    small_node node_;
};

}  // namespace lode::frontend
