// What reading a request costs, and the head of its answer: the head, its classification, its range, its
// signature.
#include <optional>
#include <string>

#include <benchmark/benchmark.h>

#include "engine/runtime/simulation.h"
#include "frontend/http/head_writer.h"
#include "frontend/http/message_reader.h"
#include "frontend/s3/range.h"
#include "frontend/s3/request_class.h"
#include "frontend/s3/sigv4.h"
#include "frontend/s3/sigv4_verify.h"

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

const s3::credentials somebody = {.access_key = "AKIAIOSFODNN7EXAMPLE",
                                  .secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                                  .session_token = {}};
constexpr wall_time the_present(std::chrono::hours(24 * 365 * 56));

void sigv4_sign(benchmark::State& state) {
    s3::signer signer(somebody, "us-east-1");
    for (auto _ : state) {
        benchmark::DoNotOptimize(signer.sign(
            {.method = "GET", .raw_path = "/b/k", .raw_query = "", .host = "h", .headers = {}},
            the_present));
    }
}
BENCHMARK(sigv4_sign);

class one_secret final : public s3::secret_lookup {
  public:
    [[nodiscard]] std::optional<std::string_view> secret_of(std::string_view) const override {
        return somebody.secret_key;
    }
};

void verify_many(benchmark::State& state, const s3::request_to_verify& request) {
    const one_secret secrets;
    s3::verifier verifier(secrets, "us-east-1");
    for (auto _ : state) {
        const auto who = verifier.verify(request, the_present);
        LODE_ASSERT(who.has_value());
        benchmark::DoNotOptimize(who->access_key.data());
    }
}

constexpr std::string_view path = "/training-data/imagenet/train/shard-000123.tar";

// As SDKs sign: in a header, the range among what is signed.
void sigv4_verify(benchmark::State& state) {
    std::vector<http::header> headers = {{.name = "Range", .value = "bytes=8388608-16777215"}};
    s3::signer signer(somebody, "us-east-1");
    const auto signature = signer.sign({.method = "GET",
                                        .raw_path = path,
                                        .raw_query = "",
                                        .host = "127.0.0.1:9000",
                                        .headers = headers},
                                       the_present);
    LODE_ASSERT(signature.has_value());
    headers.push_back({.name = "Host", .value = "127.0.0.1:9000"});
    headers.push_back({.name = "X-Amz-Date", .value = signature->x_amz_date});
    headers.push_back({.name = "X-Amz-Content-SHA256", .value = signature->x_amz_content_sha256});
    headers.push_back({.name = "Authorization", .value = signature->authorization});
    verify_many(state, {.method = "GET", .target = path, .headers = headers});
}
BENCHMARK(sigv4_verify);

void sigv4_verify_presigned(benchmark::State& state) {
    s3::signer signer(somebody, "us-east-1");
    const auto query = signer.presign({.method = "GET",
                                       .raw_path = path,
                                       .raw_query = "",
                                       .host = "127.0.0.1:9000",
                                       .headers = {}},
                                      std::chrono::hours(1), the_present);
    LODE_ASSERT(query.has_value());
    const std::string target = std::string(path) + "?" + *query;
    const std::vector<http::header> headers = {{.name = "Host", .value = "127.0.0.1:9000"}};
    verify_many(state, {.method = "GET", .target = target, .headers = headers});
}
BENCHMARK(sigv4_verify_presigned);

void answer_head(benchmark::State& state) {
    std::string buffer;
    for (auto _ : state) {
        http::head_writer writer(buffer);
        writer.response(206)
            .field("Date", "Thu, 01 Jan 2026 00:00:00 GMT")
            .field("Content-Type", "application/octet-stream")
            .field("ETag", "\"d41d8cd98f00b204e9800998ecf8427e\"")
            .field("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
            .field("Accept-Ranges", "bytes")
            .field("Content-Range", "bytes 8388608-16777215/1073741824")
            .content_length(bytes(8U << 20U))
            .field("Cache-Status", "\"node-a\"; hit; detail=memory")
            .field("X-Cache", "HIT");
        benchmark::DoNotOptimize(writer.end().data());
    }
}
BENCHMARK(answer_head);

}  // namespace

BENCHMARK_MAIN();
