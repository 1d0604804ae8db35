// What reading a request costs: the head, its classification, its range.
#include <string>

#include <benchmark/benchmark.h>

#include "engine/runtime/simulation.h"
#include "frontend/http/message_reader.h"
#include "frontend/s3/range.h"
#include "frontend/s3/request_class.h"
#include "frontend/s3/sigv4.h"

using namespace lode;
using namespace lode::frontend;

namespace {

const std::string boto3_get =
    "GET /training-data/imagenet/train/shard-000123.tar HTTP/1.1\r\n"
    "Host: 127.0.0.1:9000\r\nAccept-Encoding: identity\r\nRange: bytes=8388608-16777215\r\n"
    "User-Agent: Boto3/1.26.27 Python/3.11.2 Linux/6.1.0 Botocore/1.29.27\r\n"
    "X-Amz-Date: 20260101T000000Z\r\n"
    "X-Amz-Content-SHA256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\r\n"
    "Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/s3/"
    "aws4_request, SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
    "Signature=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n\r\n";

// Gives the same request for ever.
class endless_stream final : public engine::stream {
  public:
    engine::task<result<std::size_t>> receive(std::span<std::byte> into) override {
        const std::size_t count = std::min(into.size(), boto3_get.size() - at_);
        std::copy_n(reinterpret_cast<const std::byte*>(boto3_get.data()) + at_, count, into.data());
        at_ = (at_ + count) % boto3_get.size();
        co_return count;
    }
    engine::task<result<>> send(std::span<iovec>) override { co_return result<>{}; }
    engine::task<result<>> finish_sending() override { co_return result<>{}; }
    void expire_at(time_point) override {}
    void abort() override {}
    [[nodiscard]] bool aborted() const override { return false; }
    engine::task<void> close() override { co_return; }
    [[nodiscard]] std::string peer() const override { return {}; }

  private:
    std::size_t at_ = 0;
};

engine::task<void> read_many(benchmark::State& state) {
    endless_stream stream;
    http::message_reader reader(stream, {});
    for (auto _ : state) {
        auto head = co_await reader.read_request();
        LODE_ASSERT(head.has_value());
        benchmark::DoNotOptimize(head->headers.size());
    }
}

void request_head(benchmark::State& state) {
    engine::simulation world(1);
    world.run(read_many(state), ~std::uint64_t{0});
}
BENCHMARK(request_head);

engine::task<void> classify_many(benchmark::State& state) {
    endless_stream stream;
    http::message_reader reader(stream, {});
    auto head = co_await reader.read_request();
    s3::classified out;
    for (auto _ : state) {
        s3::classify({.method = head->method, .target = head->target, .headers = head->headers}, {},
                     out);
        benchmark::DoNotOptimize(out.op);
    }
}

void classification(benchmark::State& state) {
    engine::simulation world(1);
    world.run(classify_many(state), ~std::uint64_t{0});
}
BENCHMARK(classification);

void range_parse_and_resolve(benchmark::State& state) {
    for (auto _ : state) {
        benchmark::DoNotOptimize(
            s3::resolve(s3::parse_range("bytes=8388608-16777215"), bytes(1U << 30U)));
    }
}
BENCHMARK(range_parse_and_resolve);

void sigv4_sign(benchmark::State& state) {
    s3::signer signer({.access_key = "AKIAIOSFODNN7EXAMPLE",
                       .secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                       .session_token = {}},
                      "us-east-1");
    const wall_time now(std::chrono::hours(24 * 365 * 56));
    for (auto _ : state) {
        benchmark::DoNotOptimize(signer.sign(
            {.method = "GET", .raw_path = "/b/k", .raw_query = "", .host = "h", .headers = {}},
            now));
    }
}
BENCHMARK(sigv4_sign);

}  // namespace

BENCHMARK_MAIN();
